module github.com/wirekata/wirekata

go 1.26.0
