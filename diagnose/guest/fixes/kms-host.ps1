
# As slmgr.vbs /skms HOST:PORT, and /ato where the host is AWS's; as /ckms to clear it.
Fix 'kms-host' { LicenseState } {
  param($was)
  if ([string]$given.clear) { SetHost '' ''; return }
  SetHost ([string]$given.host) ([string]$given.port)
  if ('169.254.169.250', '169.254.169.251', 'fd00:ec2::240' -contains [string]$given.host) { Activate }
} { param($was) SetHost $was['host'] $was['port'] }
