"""`yunwei request …`: everything about requests."""

from commands import asking, request_change, request_files, request_read, request_script
from commands.lazy import Group

command = Group("request", help="Ask, look, change, follow: everything about requests.")
for each in (
    asking.submit,
    asking.check,
    *request_read.COMMANDS,
    *request_change.COMMANDS,
    *request_files.COMMANDS,
    *request_script.COMMANDS,
):
    command.add_command(each)
