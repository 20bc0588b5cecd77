[Console]::Out.WriteLine($reply)
