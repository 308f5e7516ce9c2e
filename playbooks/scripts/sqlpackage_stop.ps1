# yunwei script: sqlpackage-stop/1
# Ends a SqlPackage that sqlpackage_start.ps1 started, makes sure that it is gone, and clears its folder. One that has
# not begun yet can never begin: its state file is made here, and it makes that file itself before it does anything.
# Fails when a process of it is still there afterwards, or its folder. May be run again and again.
# Arguments: name, folder.
param($a)
$utf8 = New-Object Text.UTF8Encoding $false
$jobs = Join-Path $env:ProgramData ('yunwei\jobs\' + $a.name)
$work = Join-Path $a.folder ($a.name + '.work')
function Read($path) { try { [IO.File]::ReadAllText($path, $utf8) | ConvertFrom-Json } catch { } }
function Mine($who) {
  $p = if ($who.pid) { Get-Process -Id $who.pid -ErrorAction SilentlyContinue }
  $p -and $p.StartTime.ToUniversalTime().ToString('o') -eq $who.started }
New-Item -ItemType Directory -Force $jobs | Out-Null
try {
  $state = [IO.File]::Open((Join-Path $jobs 'state.json'), 'CreateNew', 'Write', 'None')
  $bytes = $utf8.GetBytes('{"phase":"void"}'); $state.Write($bytes, 0, $bytes.Length); $state.Dispose()
} catch [IO.IOException] { if (-not (Test-Path -LiteralPath (Join-Path $jobs 'state.json'))) { throw } }
$was = $false
$until = (Get-Date).AddSeconds(30)
do {
  $living = @('state.json', 'child.json' | ForEach-Object { Read (Join-Path $jobs $_) } | Where-Object { Mine $_ })
  $ErrorActionPreference = 'Continue'  # taskkill complains on stderr when a process ended by itself
  foreach ($who in $living) { $was = $true; & "$env:windir\system32\taskkill.exe" /PID ([int]$who.pid) /T /F 2>&1 | Out-Null }
  $ErrorActionPreference = 'Stop'
  if ($living.Count) { Start-Sleep -Milliseconds 200 }
} while ($living.Count -and (Get-Date) -lt $until)
if ($living.Count) { throw 'SqlPackage could not be ended' }
for ($try = 1; Test-Path -LiteralPath $work; $try++) {  # Windows may hold the files of a dead process for a moment
  try { Remove-Item -LiteralPath $work -Recurse -Force } catch { if ($try -ge 20) { throw }; Start-Sleep -Milliseconds 500 }
}
@{ was_alive = $was; alive = $false }
