
# Removes the link-local routes that lead to a gateway of another subnet, and no others.
Fix 'remove-routes' { RouteState } { param($was) DropStale (Gateway) } { param($was) PutRoutes $was['routes'] }
