
# EC2Launch v2 keeps its routes in memory only, and adds them when it runs. Running it
# would also run user data that is set to run always, so the routes are added here.
Fix 'activate-v2' { RouteState } {
  param($was)
  $gateway = Gateway
  DropStale $gateway
  AddServices 'ActiveStore' $gateway
  Activate
} { param($was) PutRoutes $was['routes'] }
