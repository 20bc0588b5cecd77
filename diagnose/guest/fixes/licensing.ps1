
# Windows's own licence, and the service that looks after it. What slmgr.vbs does is done
# by the same classes, whose answers are numbers.
function Service1() { Get-CimInstance -ClassName SoftwareLicensingService }
function License() {
  $query = 'SELECT * FROM SoftwareLicensingProduct WHERE PartialProductKey IS NOT NULL'
  $query += " AND ApplicationID = '55c92734-d682-4d71-983e-d6ec3f16059f'"
  Get-CimInstance -Query $query | Sort-Object { [int]$_.LicenseStatus -ne 1 } | Select-Object -First 1
}
# As slmgr.vbs /ato. That a KMS refuses does not undo the change: its code is told.
$script:activation = ''
function Activate() {
  $script:activation = 'ok'
  try {
    $license = License
    if (-not $license) { Refuse }
    [void](Invoke-CimMethod -InputObject $license -MethodName Activate)
    [void](Invoke-CimMethod -InputObject (Service1) -MethodName RefreshLicenseStatus)
  } catch { $script:activation = (Fault $_) -replace '^.*: ', '' }
}
# As slmgr.vbs /skms and, without a host, /ckms.
function SetHost($name, $port) {
  $service = Service1
  if ($name) {
    [void](Invoke-CimMethod -InputObject $service -MethodName SetKeyManagementServiceMachine -Arguments @{ MachineName = [string]$name })
  } else {
    [void](Invoke-CimMethod -InputObject $service -MethodName ClearKeyManagementServiceMachine)
  }
  if ($name -and [int]$port -gt 0) {
    [void](Invoke-CimMethod -InputObject $service -MethodName SetKeyManagementServicePort -Arguments @{ PortNumber = [uint32]$port })
  } else {
    [void](Invoke-CimMethod -InputObject $service -MethodName ClearKeyManagementServicePort)
  }
}
function LicenseState() {
  $license = License
  [ordered]@{
    host = [string]$license.KeyManagementServiceMachine
    port = [string][int]$license.KeyManagementServicePort
    key = [string]$license.PartialProductKey
    status = [string][int]$license.LicenseStatus
    reason = '0x{0:X8}' -f [uint32]$license.LicenseStatusReason
    activation = $script:activation
  }
}
