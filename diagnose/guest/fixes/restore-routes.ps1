
# Puts the link-local routes back as they were recorded.
Fix 'restore-routes' { RouteState } { param($was) PutRoutes $given.routes } { param($was) PutRoutes $was['routes'] }
