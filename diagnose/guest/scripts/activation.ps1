# activation: licences of Windows and of Office, and what activation needs.
Block 'activation' {
  # What a TCP connection meets: ok, timeout, or err and the Winsock number.
  function Knock($address, $port) {
    $client = New-Object System.Net.Sockets.TcpClient
    try {
      $attempt = $client.BeginConnect($address, $port, $null, $null)
      if (-not $attempt.AsyncWaitHandle.WaitOne(2000)) { return 'timeout' }
      $client.EndConnect($attempt)
      'ok'
    } catch {
      $cause = $_.Exception.GetBaseException()
      if ($cause -is [System.Net.Sockets.SocketException]) { 'err' + $cause.ErrorCode } else { 'err' }
    } finally { $client.Close() }
  }
  $o = Fields
  # Of the product keys only the last five characters, which Windows shows to everyone.
  Many $o 'products' {
    $columns = 'Name, Description, ApplicationID, LicenseStatus, LicenseStatusReason, GracePeriodRemaining, PartialProductKey'
    $columns += ', KeyManagementServiceMachine, KeyManagementServicePort, DiscoveredKeyManagementServiceMachineName'
    $query = 'SELECT ' + $columns + ' FROM SoftwareLicensingProduct WHERE PartialProductKey IS NOT NULL'
    Get-CimInstance -Query $query -OperationTimeoutSec (Left 25) | Select-Object -First 20 | ForEach-Object {
      [ordered]@{
        name = [string]$_.Name
        description = [string]$_.Description
        application = [string]$_.ApplicationID
        status = [int]$_.LicenseStatus
        reason = '0x{0:X8}' -f [uint32]$_.LicenseStatusReason
        grace_minutes = [int64]$_.GracePeriodRemaining
        partial_key = [string]$_.PartialProductKey
        kms_host = [string]$_.KeyManagementServiceMachine
        kms_port = [int]$_.KeyManagementServicePort
        discovered = [string]$_.DiscoveredKeyManagementServiceMachineName
      }
    }
  }
  Many $o 'routes' {
    $kept = foreach ($store in 'ActiveStore', 'PersistentStore') {
      # A store without any IPv4 route is reported as an error of its own.
      Get-NetRoute -AddressFamily IPv4 -PolicyStore $store -ErrorAction SilentlyContinue |
        Where-Object { $_.DestinationPrefix -like '169.254.169.*' -or $_.DestinationPrefix -eq '0.0.0.0/0' } |
        ForEach-Object {
          [ordered]@{ store = $store; destination = [string]$_.DestinationPrefix; next_hop = [string]$_.NextHop; interface = [int]$_.ifIndex; metric = [int]$_.RouteMetric }
        }
    }
    # Windows that runs this has routes: none at all means that they could not be read.
    if (@($kept).Count -eq 0) { [void](Get-NetRoute -AddressFamily IPv4) }
    $kept | Select-Object -First 60
  }
  $o['ports'] = [ordered]@{
    '169.254.169.250:1688' = Knock '169.254.169.250' 1688
    '169.254.169.251:1688' = Knock '169.254.169.251' 1688
    '169.254.169.254:80' = Knock '169.254.169.254' 80
  }
  $o['utc'] = Iso (Get-Date)
  $o['time_zone'] = [string][System.TimeZoneInfo]::Local.Id
  $o['real_time_is_universal'] = RegInt 'HKLM:\SYSTEM\CurrentControlSet\Control\TimeZoneInformation' 'RealTimeIsUniversal'
  $o['v1'] = Test-Path -LiteralPath "$env:ProgramData\Amazon\EC2-Windows\Launch\Module\Ec2Launch.psd1"
  $o['v2'] = Test-Path -LiteralPath "$env:ProgramFiles\Amazon\EC2Launch\EC2Launch.exe"
  $o
}
