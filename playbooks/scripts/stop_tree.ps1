# yunwei script: stop-tree/1
# Ends a process of ours with its children and says whether it is gone. Run from a second shell after a cancel.
# Arguments: pid, started (UTC; guards against a re-used pid).
param($a)
function Mine { $p = Get-Process -Id $a.pid -ErrorAction SilentlyContinue
  $p -and $p.StartTime.ToUniversalTime().ToString('o') -eq $a.started }
$was = [bool](Mine)
$ErrorActionPreference = 'Continue'  # taskkill complains on stderr when the process ended by itself
if ($was) { & "$env:windir\system32\taskkill.exe" /PID ([int]$a.pid) /T /F 2>&1 | Out-Null }
$until = (Get-Date).AddSeconds(10)
while ((Mine) -and (Get-Date) -lt $until) { Start-Sleep -Milliseconds 200 }
@{ was_alive = $was; alive = [bool](Mine) }
