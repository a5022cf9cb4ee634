package course

import (
	"github.com/goccy/go-yaml/ast"
)

// lines finds where the syllabus says something.
type lines struct{ file *ast.File }

// key returns the line of the first use of a key, or 0.
func (l lines) key(key string) int {
	line := 0
	l.pairs(key, func(n *ast.MappingValueNode) {
		if line == 0 {
			line = n.Key.GetToken().Position.Line
		}
	})
	return line
}

// nth returns the line of the nth place (from 1) where key has the value, or
// a list with it; 0 where there is none.
func (l lines) nth(key, value string, n int) int {
	line := 0
	found := func(node ast.Node) {
		if n--; n == 0 {
			line = node.GetToken().Position.Line
		}
	}
	l.pairs(key, func(pair *ast.MappingValueNode) {
		list, ok := pair.Value.(*ast.SequenceNode)
		if !ok {
			if scalar(pair.Value) == value {
				found(pair.Value)
			}
			return
		}
		for _, v := range list.Values {
			if scalar(v) == value {
				found(v)
			}
		}
	})
	return line
}

func scalar(n ast.Node) string {
	if n == nil {
		return ""
	}
	return n.GetToken().Value
}

// pairs calls f with each "key: value" of that key, in the file's order.
func (l lines) pairs(key string, f func(*ast.MappingValueNode)) {
	for _, doc := range l.file.Docs {
		ast.Walk(visitor(func(n ast.Node) {
			if pair, ok := n.(*ast.MappingValueNode); ok && pair.Key.GetToken().Value == key {
				f(pair)
			}
		}), doc.Body)
	}
}

type visitor func(ast.Node)

func (v visitor) Visit(n ast.Node) ast.Visitor {
	v(n)
	return v
}
