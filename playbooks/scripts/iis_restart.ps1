# yunwei script: iis-restart/1
# Restarts IIS once. The marker file is the fence: it is created exclusively, so of all attempts with one token, by
# whichever worker, at most one ever acts; every other one is told what the marker says and changes nothing.
# Arguments: token, earlier [tokens], job, epoch, mode ('iisreset' or 'pools'), pools [names], timeout_s.
param($a)
function Utc($t) { if ($t) { $t.ToUniversalTime().ToString('o') } }
function Say($line) { [Console]::Out.WriteLine($line) }
$appcmd = "$env:windir\system32\inetsrv\appcmd.exe"
function Workers {
  @(foreach ($x in ([xml](& $appcmd list wp /xml)).appcmd.WP) {
    $p = Get-Process -Id $x.'WP.NAME' -ErrorAction SilentlyContinue
    @{ pid = [int]$x.'WP.NAME'; pool = $x.'APPPOOL.NAME'; started = if ($p) { Utc $p.StartTime } }
  })
}
$utf8 = New-Object Text.UTF8Encoding $false
$folder = Join-Path $env:ProgramData 'yunwei\markers'
$path = Join-Path $folder ($a.token + '.json')
New-Item -ItemType Directory -Force $folder | Out-Null
foreach ($old in $a.earlier) {  # a person said "run again": what may still be sent under these finds a marker
  $void = @{ token = $old; job = $a.job; epoch = $a.epoch; phase = 'void'; at = Utc (Get-Date) }
  try {
    $f = [IO.File]::Open((Join-Path $folder ($old + '.json')), 'CreateNew', 'Write', 'None')
    $bytes = $utf8.GetBytes(($void | ConvertTo-Json -Compress)); $f.Write($bytes, 0, $bytes.Length); $f.Dispose()
  } catch [IO.IOException] { if (-not (Test-Path -LiteralPath (Join-Path $folder ($old + '.json')))) { throw } }
}
$marker = @{
  token = $a.token; job = $a.job; epoch = $a.epoch; phase = 'begun'; begun_at = Utc (Get-Date)
  pid = $PID; pid_started = Utc (Get-Process -Id $PID).StartTime; mode = $a.mode; before = @{ workers = @(Workers) }
}
try { $file = [IO.File]::Open($path, 'CreateNew', 'Write', 'None') }
catch [IO.IOException] {
  if (-not (Test-Path $path)) { throw }
  $found = $null; try { $found = [IO.File]::ReadAllText($path, $utf8) | ConvertFrom-Json } catch { }
  return @{ acted = $false; marker = $found }
}
try { $bytes = $utf8.GetBytes(($marker | ConvertTo-Json -Compress -Depth 6)); $file.Write($bytes, 0, $bytes.Length); $file.Flush($true) }
catch { $file.Dispose(); Remove-Item -LiteralPath $path -Force; throw }  # a full disk: nothing was done, leave no trace
$file.Dispose()
Say ('begun ' + $a.token)
$ErrorActionPreference = 'Continue'  # a native program's word on stderr must not end us half-way
$codes = @{}
if ($a.mode -eq 'iisreset') {
  & "$env:windir\system32\iisreset.exe" /restart ('/timeout:' + [int]$a.timeout_s) 2>&1 | ForEach-Object { Say $_ }
  $codes['iisreset'] = $LASTEXITCODE
} else {
  foreach ($pool in $a.pools) {
    & $appcmd stop apppool ('/apppool.name:' + $pool) 2>&1 | ForEach-Object { Say $_ }
    $codes['stop ' + $pool] = $LASTEXITCODE
    $until = (Get-Date).AddSeconds([int]$a.timeout_s)
    while ((Get-Date) -lt $until -and @(Workers | Where-Object { $_.pool -eq $pool }).Count) { Start-Sleep -Milliseconds 500 }
    & $appcmd start apppool ('/apppool.name:' + $pool) 2>&1 | ForEach-Object { Say $_ }
    $codes['start ' + $pool] = $LASTEXITCODE
  }
}
$ErrorActionPreference = 'Stop'
$marker.phase = 'ended'; $marker.ended_at = Utc (Get-Date); $marker.codes = $codes
$next = $path + '.new'
[IO.File]::WriteAllText($next, ($marker | ConvertTo-Json -Compress -Depth 6), $utf8)
[IO.File]::Replace($next, $path, [NullString]::Value)
@{ acted = $true; marker = $marker }
