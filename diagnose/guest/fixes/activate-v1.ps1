
# EC2Launch v1: Import-Module Ec2Launch.psd1; Add-Routes; Set-ActivationSettings; then
# what slmgr.vbs /ato does. Routes that lead to a gateway of another subnet go first.
Fix 'activate-v1' { RouteState } {
  param($was)
  $module = "$env:ProgramData\Amazon\EC2-Windows\Launch\Module\Ec2Launch.psd1"
  if (-not (Test-Path -LiteralPath $module)) { Refuse }
  $gateway = Gateway
  DropStale $gateway
  Import-Module $module
  [void](Add-Routes)
  [void](Set-ActivationSettings)
  AddServices 'PersistentStore' $gateway
  AddServices 'ActiveStore' $gateway
  Activate
} { param($was) PutRoutes $was['routes']; SetHost $was['host'] $was['port'] }
