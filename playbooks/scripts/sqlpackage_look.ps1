# yunwei script: sqlpackage-look/1
# How a SqlPackage that sqlpackage_start.ps1 started is doing. Changes nothing.
# Arguments: token, name, folder.
param($a)
$utf8 = New-Object Text.UTF8Encoding $false
$root = Join-Path $env:ProgramData 'yunwei'
$jobs = Join-Path $root ('jobs\' + $a.name)
function Read($path) { try { [IO.File]::ReadAllText($path, $utf8) | ConvertFrom-Json } catch { } }
function Alive($who) {
  $p = if ($who.pid) { Get-Process -Id $who.pid -ErrorAction SilentlyContinue }
  [bool]($p -and $p.StartTime.ToUniversalTime().ToString('o') -eq $who.started) }
function Tail($name) {  # the log is being written
  try {
    $log = [IO.File]::Open((Join-Path $jobs $name), 'Open', 'Read', 'ReadWrite, Delete')
    try {
      [void]$log.Seek([Math]::Max(0, $log.Length - 4000), 'Begin')
      (New-Object IO.StreamReader $log).ReadToEnd()
    } finally { $log.Dispose() }
  } catch { '' } }
$marker = Read (Join-Path $root ('markers\' + $a.token + '.json'))
# The end is read after the processes: one that ends in between is not taken for one that was lost.
$state = Read (Join-Path $jobs 'state.json'); $child = Read (Join-Path $jobs 'child.json')
$alive = (Alive $state) -or (Alive $child)
$done = Read (Join-Path $jobs 'done.json')
$sizes = Get-ChildItem -LiteralPath (Join-Path $a.folder ($a.name + '.work')) -Recurse -File -ErrorAction SilentlyContinue |
  Measure-Object -Property Length -Sum
$file = Get-Item -LiteralPath (Join-Path $a.folder ($a.name + '.package')) -ErrorAction SilentlyContinue
$waited = if ($marker.begun_at) { ((Get-Date).ToUniversalTime() - [DateTime]::Parse($marker.begun_at, $null, 'RoundtripKind').ToUniversalTime()).TotalSeconds } else { 0 }
@{
  marker = $marker; state = $state; child = $child; alive = $alive; done = $done; waited_s = [int]$waited
  bytes = [long]$sizes.Sum; file_bytes = if ($file) { [long]$file.Length } else { $null }
  out = Tail 'out.log'; err = Tail 'err.log'
}
