
# The routes to AWS's link-local services: destination|gateway|metric|store. A persistent
# one is active too, and listed once.
function Linked($store) {
  Get-NetRoute -AddressFamily IPv4 -PolicyStore $store -ErrorAction SilentlyContinue |
    Where-Object { $_.DestinationPrefix -like '169.254.169.*/32' }
}
function Named($route) { (@($route.DestinationPrefix, $route.NextHop, $route.RouteMetric) -join '|') }
function RouteList() {
  $kept = @(Linked 'PersistentStore' | ForEach-Object { Named $_ } | Sort-Object -Unique)
  $now = @(Linked 'ActiveStore' | ForEach-Object { Named $_ } | Sort-Object -Unique)
  $list = @($kept | ForEach-Object { $_ + '|persistent' })
  $list += @($now | Where-Object { $kept -notcontains $_ } | ForEach-Object { $_ + '|active' })
  $list -join ','
}
function Gateway() {
  $found = Get-NetRoute -AddressFamily IPv4 -DestinationPrefix '0.0.0.0/0' -PolicyStore ActiveStore |
    Sort-Object { [int]$_.RouteMetric + [int]$_.InterfaceMetric } | Select-Object -First 1
  if (-not $found -or [string]$found.NextHop -eq '0.0.0.0') { Refuse }
  $found
}
# Makes both stores hold exactly the routes of a list.
function PutRoutes($text) {
  $wanted = @(([string]$text) -split ',' | Where-Object { $_ })
  $card = (Gateway).ifIndex
  foreach ($store in 'PersistentStore', 'ActiveStore') {
    $mine = @($wanted | Where-Object { $store -eq 'ActiveStore' -or $_ -like '*|persistent' } | ForEach-Object { $_ -replace '\|[a-z]+$', '' })
    foreach ($route in @(Linked $store)) {
      if ($mine -notcontains (Named $route)) { Remove-NetRoute -InputObject $route -Confirm:$false }
    }
    $there = @(Linked $store | ForEach-Object { Named $_ })
    foreach ($w in $mine) {
      if ($there -contains $w) { continue }
      $to, $by, $metric = $w -split '\|'
      [void](New-NetRoute -DestinationPrefix $to -NextHop $by -RouteMetric ([int]$metric) -InterfaceIndex $card -PolicyStore $store)
    }
  }
}
# Drops what leads to another gateway than that of now, in both stores.
function DropStale($gateway) {
  foreach ($store in 'PersistentStore', 'ActiveStore') {
    foreach ($route in @(Linked $store)) {
      if ([string]$route.NextHop -ne [string]$gateway.NextHop) { Remove-NetRoute -InputObject $route -Confirm:$false }
    }
  }
}
# Adds what the launch agents add (EC2Launch's Add-Routes), where it is not there.
function AddServices($store, $gateway) {
  foreach ($to in '169.254.169.254', '169.254.169.250', '169.254.169.251', '169.254.169.249', '169.254.169.123', '169.254.169.253') {
    if (@(Linked $store | Where-Object { $_.DestinationPrefix -eq ($to + '/32') }).Count -gt 0) { continue }
    [void](New-NetRoute -DestinationPrefix ($to + '/32') -NextHop $gateway.NextHop -InterfaceIndex $gateway.ifIndex -PolicyStore $store)
  }
}
function RouteState() {
  $state = LicenseState
  $state['routes'] = RouteList
  $state['gateway'] = [string](Attempt { (Gateway).NextHop })
  $state
}
