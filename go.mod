module github.com/monshin/monshin

go 1.26.0
