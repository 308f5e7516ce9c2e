# yunwei script: iis-look/1
# Facts about IIS on this host. Changes nothing, unless `seal` is given: then a marker that does not exist yet is
# created as void, so that an attempt which has not begun can never begin.
# Arguments: token, seal {job, epoch} or null, sql {host, port} or null.
param($a)
function Utc($t) { if ($t) { $t.ToUniversalTime().ToString('o') } }
function AppCmd($what) { [xml](& "$env:windir\system32\inetsrv\appcmd.exe" list $what /xml) }
$utf8 = New-Object Text.UTF8Encoding $false
$marker = $null; $phase = 'none'; $alive = $false
if ($a.token) {
  $folder = Join-Path $env:ProgramData 'yunwei\markers'
  $path = Join-Path $folder ($a.token + '.json')
  if ($a.seal) {
    New-Item -ItemType Directory -Force $folder | Out-Null
    $void = @{ token = $a.token; job = $a.seal.job; epoch = $a.seal.epoch; phase = 'void'; at = Utc (Get-Date) }
    try {
      $file = [IO.File]::Open($path, 'CreateNew', 'Write', 'None')
      $bytes = $utf8.GetBytes(($void | ConvertTo-Json -Compress)); $file.Write($bytes, 0, $bytes.Length); $file.Dispose()
    } catch [IO.IOException] { if (-not (Test-Path $path)) { throw } }
  }
  if (Test-Path $path) {
    $phase = 'unreadable'
    try { $marker = [IO.File]::ReadAllText($path, $utf8) | ConvertFrom-Json; if ($marker) { $phase = $marker.phase } } catch { }
    if ($marker.pid) {
      $p = Get-Process -Id $marker.pid -ErrorAction SilentlyContinue
      $alive = [bool]($p -and (Utc $p.StartTime) -eq $marker.pid_started)
    }
  }
}
$services = @{}
foreach ($name in 'WAS', 'W3SVC') {
  $s = Get-Service $name -ErrorAction SilentlyContinue
  $services[$name] = if ($s) { @{ state = [int]$s.Status } } else { $null }
}
$pools = @{}; foreach ($x in (AppCmd apppool).appcmd.APPPOOL) { $pools[$x.'APPPOOL.NAME'] = $x.state }
$sites = @{}; foreach ($x in (AppCmd site).appcmd.SITE) { $sites[$x.'SITE.NAME'] = $x.state }
$workers = @(foreach ($x in (AppCmd wp).appcmd.WP) {
  $p = Get-Process -Id $x.'WP.NAME' -ErrorAction SilentlyContinue
  @{ pid = [int]$x.'WP.NAME'; pool = $x.'APPPOOL.NAME'; started = if ($p) { Utc $p.StartTime } }
})
$events = @()
if ($marker.begun_at) {  # the host's own clock: since the restart began
  $from = [DateTime]::Parse($marker.begun_at, $null, 'RoundtripKind').ToLocalTime()
  $filter = @{ LogName = 'System'; ProviderName = 'Microsoft-Windows-WAS'; Id = 5002, 5009, 5011; StartTime = $from }
  $events = @(Get-WinEvent -FilterHashtable $filter -MaxEvents 20 -ErrorAction SilentlyContinue |
    ForEach-Object { @{ id = $_.Id; at = Utc $_.TimeCreated } })
}
$sql = $null
if ($a.sql) {
  $tcp = New-Object Net.Sockets.TcpClient
  try { $sql = @{ reachable = $tcp.ConnectAsync($a.sql.host, [int]$a.sql.port).Wait(3000) } } catch { $sql = @{ reachable = $false } }
  finally { $tcp.Dispose() }
}
@{
  host = $env:COMPUTERNAME; now = Utc (Get-Date); boot = Utc (Get-CimInstance Win32_OperatingSystem).LastBootUpTime
  services = $services; pools = $pools; sites = $sites; workers = $workers; was_events = $events; sql = $sql
  phase = $phase; alive = $alive; marker = $marker
}
