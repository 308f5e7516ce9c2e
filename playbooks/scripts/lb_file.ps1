# yunwei script: lb-file/1
# Takes this node out of the load balancer, or puts it back, by the file its health check asks for; then waits.
# Arguments: file, present (true = in, false = out), settle_s.
param($a)
$out = $a.file + '.out'
if ($a.present) { if (Test-Path -LiteralPath $out) { Move-Item -LiteralPath $out -Destination $a.file -Force } }
elseif (Test-Path -LiteralPath $a.file) { Move-Item -LiteralPath $a.file -Destination $out -Force }
Start-Sleep -Seconds ([double]$a.settle_s)
@{ present = (Test-Path -LiteralPath $a.file) }
