# yunwei script: sqlpackage-start/1
# Starts SqlPackage once, as a process that outlives this shell. The marker file is the fence, as in iis_restart.ps1: of
# all attempts with one token at most one ever starts anything; every other one is told what the marker says.
# WMI makes the process: it is no child of the shell, and the flag below keeps it out of WMI's own job of processes.
# What it is to do lies in %ProgramData%\yunwei\jobs\<name>, where only administrators write; data lie in the exchange
# folder. No password is anywhere: it signs in on the SQL Server of this host as the account of this shell.
# Arguments: token, earlier [tokens], job, epoch, action (Export, Extract, Import, Publish), name, folder, database, port, owner, limit_s.
param($a)
function Utc($t) { if ($t) { $t.ToUniversalTime().ToString('o') } }
$utf8 = New-Object Text.UTF8Encoding $false
$root = Join-Path $env:ProgramData 'yunwei'
$path = Join-Path $root ('markers\' + $a.token + '.json')
function Found { $m = $null; try { $m = [IO.File]::ReadAllText($path, $utf8) | ConvertFrom-Json } catch { }
  @{ acted = $false; why = 'marker'; marker = $m } }
if (Test-Path -LiteralPath $path) { return Found }
$jobs = Join-Path $root ('jobs\' + $a.name)
$work = Join-Path $a.folder ($a.name + '.work')
$file = Join-Path $a.folder ($a.name + '.package')
$reads = $a.action -in 'Import', 'Publish'
$exe = @("$env:ProgramFiles\Microsoft SQL Server\*\DAC\bin\SqlPackage.exe", "$env:ProgramFiles\sqlpackage\SqlPackage.exe" |
  ForEach-Object { Get-Item -Path $_ -ErrorAction SilentlyContinue } |
  Sort-Object { [version]$_.VersionInfo.FileVersion } -Descending)[0]
if (-not $exe) { return @{ acted = $false; why = 'no-sqlpackage'; marker = $null } }
foreach ($taken in $jobs, $work) { if (Test-Path -LiteralPath $taken) { return @{ acted = $false; why = 'taken'; marker = $null } } }
if ($reads -ne (Test-Path -LiteralPath $file)) { return @{ acted = $false; why = 'file'; marker = $null } }
$folder = Split-Path $path
New-Item -ItemType Directory -Force $folder | Out-Null
foreach ($old in $a.earlier) {  # a person said "run again": what may still be sent under these finds a marker
  $void = @{ token = $old; job = $a.job; epoch = $a.epoch; phase = 'void'; at = Utc (Get-Date) }
  try {
    $f = [IO.File]::Open((Join-Path $folder ($old + '.json')), 'CreateNew', 'Write', 'None')
    $bytes = $utf8.GetBytes(($void | ConvertTo-Json -Compress)); $f.Write($bytes, 0, $bytes.Length); $f.Dispose()
  } catch [IO.IOException] { if (-not (Test-Path -LiteralPath (Join-Path $folder ($old + '.json')))) { throw } }
}
$marker = @{ token = $a.token; job = $a.job; epoch = $a.epoch; phase = 'begun'; begun_at = Utc (Get-Date); action = $a.action }
try { $fence = [IO.File]::Open($path, 'CreateNew', 'Write', 'None') }
catch [IO.IOException] { if (-not (Test-Path -LiteralPath $path)) { throw }; return Found }
try { $bytes = $utf8.GetBytes(($marker | ConvertTo-Json -Compress)); $fence.Write($bytes, 0, $bytes.Length); $fence.Flush($true) }
catch { $fence.Dispose(); Remove-Item -LiteralPath $path -Force; throw }  # a full disk: nothing was done, leave no trace
$fence.Dispose()
New-Item -ItemType Directory $jobs | Out-Null
New-Item -ItemType Directory (Join-Path $work 'tmp') -Force | Out-Null
$package = Join-Path $work ('package.' + $(if ($a.action -in 'Export', 'Import') { 'bacpac' } else { 'dacpac' }))
if ($reads) { [IO.File]::Move($file, $package) }
$side = if ($reads) { 'Target' } else { 'Source' }
$words = @(
  "/Action:$($a.action)", "/$(if ($reads) { 'Source' } else { 'Target' })File:$package"
  "/${side}ServerName:localhost,$([int]$a.port)", "/${side}DatabaseName:$($a.database)"
  "/${side}EncryptConnection:True", "/${side}TrustServerCertificate:True"  # it does not leave this host
  "/p:CommandTimeout=$([int]$a.limit_s)", "/p:LongRunningCommandTimeout=$([int]$a.limit_s)"
)
if (-not $reads) { $words += '/OverwriteFiles:False' }
switch ($a.action) {
  'Export' { $words += "/p:TempDirectoryForTableData=$work\tmp" }
  'Extract' { $words += '/p:ExtractAllTableData=True', '/p:VerifyExtraction=False' }
  # A package may come from anybody: nothing of it may reach beyond its own database.
  'Publish' { $words += '/p:CreateNewDatabase=False', ('/p:ExcludeObjectTypes=Logins;ServerTriggers;LinkedServers;' +
    'LinkedServerLogins;Endpoints;Credentials;Audits;ServerRoles;ServerRoleMembership;Assemblies;DatabaseTriggers') }
}
$call = @{ exe = $exe.FullName; words = $words; work = $work; package = $package
  file = if ($reads) { $null } else { $file }; port = [int]$a.port; database = $a.database; owner = $a.owner }
[IO.File]::WriteAllText((Join-Path $jobs 'call.json'), ($call | ConvertTo-Json -Compress -Depth 4), $utf8)
$run = @'
$ErrorActionPreference = 'Stop'
$utf8 = New-Object Text.UTF8Encoding $false
function Mine($p) { @{ pid = $p.Id; started = $p.StartTime.ToUniversalTime().ToString('o') } | ConvertTo-Json -Compress }
function Put($name, $text) {
  [IO.File]::WriteAllText("$PSScriptRoot\$name.new", $text, $utf8); [IO.File]::Move("$PSScriptRoot\$name.new", "$PSScriptRoot\$name") }
$state = [IO.File]::Open("$PSScriptRoot\state.json", 'CreateNew', 'Write', 'None')  # a stop that was first has made it
$bytes = $utf8.GetBytes((Mine (Get-Process -Id $PID))); $state.Write($bytes, 0, $bytes.Length); $state.Flush($true); $state.Dispose()
$done = @{ exit_code = $null; error = $null }
try {
  $call = [IO.File]::ReadAllText("$PSScriptRoot\call.json", $utf8) | ConvertFrom-Json
  $env:TMP = $env:TEMP = Join-Path $call.work 'tmp'
  $line = @($call.words | ForEach-Object { '"' + ($_ -replace '(\\*)"', '$1$1\"' -replace '(\\+)$', '$1$1') + '"' })
  $p = Start-Process -FilePath $call.exe -ArgumentList $line -NoNewWindow -PassThru `
    -RedirectStandardOutput "$PSScriptRoot\out.log" -RedirectStandardError "$PSScriptRoot\err.log"
  $null = $p.Handle  # without it the exit code is lost
  Put 'child.json' (Mine $p)
  $p.WaitForExit()
  $done.exit_code = $p.ExitCode
  if ($p.ExitCode -eq 0 -and $call.file) { [IO.File]::Move($call.package, $call.file) }
  if ($p.ExitCode -eq 0 -and $call.owner) {  # who made the database gives it away
    $there = New-Object Data.SqlClient.SqlConnectionStringBuilder
    $there['Data Source'] = 'localhost,' + $call.port; $there['Integrated Security'] = $true
    $there['Encrypt'] = $true; $there['TrustServerCertificate'] = $true
    $link = New-Object Data.SqlClient.SqlConnection $there.ConnectionString
    try {
      $link.Open(); $give = $link.CreateCommand()
      $give.CommandText = 'DECLARE @s nvarchar(max) = N''ALTER AUTHORIZATION ON DATABASE::'' + QUOTENAME(@d) + N'' TO '' + QUOTENAME(@o); EXEC (@s)'
      [void]$give.Parameters.AddWithValue('@d', $call.database); [void]$give.Parameters.AddWithValue('@o', $call.owner)
      [void]$give.ExecuteNonQuery()
    } finally { $link.Dispose() }
  }
} catch { $done.error = [string]$_ }
$done.ended_at = (Get-Date).ToUniversalTime().ToString('o')
Put 'done.json' ($done | ConvertTo-Json -Compress)
'@
[IO.File]::WriteAllText((Join-Path $jobs 'run.ps1'), $run, $utf8)
$how = New-CimInstance -ClassName Win32_ProcessStartup -ClientOnly -Property @{ ShowWindow = [uint16]0; CreateFlags = [uint32]16777216 }
$made = Invoke-CimMethod -ClassName Win32_Process -MethodName Create -Arguments @{
  CommandLine = 'powershell.exe -NoLogo -NoProfile -NonInteractive -ExecutionPolicy Bypass -File "' + $jobs + '\run.ps1"'
  CurrentDirectory = $jobs; ProcessStartupInformation = $how }
$marker.phase = 'ended'; $marker.ended_at = Utc (Get-Date); $marker.code = [int]$made.ReturnValue; $marker.pid = [int]$made.ProcessId
$next = $path + '.new'
[IO.File]::WriteAllText($next, ($marker | ConvertTo-Json -Compress), $utf8)
[IO.File]::Replace($next, $path, [NullString]::Value)
@{ acted = $true; why = ''; marker = $marker }
