package candidate

import (
	"cmp"
	"fmt"
	"go/types"
	"strings"
)

// checkAPI names every exported declaration of the stub that the candidate
// lacks: one missing name would keep both suites from compiling.
func checkAPI(c *Candidate, pkg *types.Package, r *Refusal) {
	for _, f := range c.stub {
		for _, d := range Exported(f.file) {
			if !declares(pkg, d) {
				r.add(f.name, 0, "exported %s %s is missing; the suites use it", d.Kind, d.Name)
			}
		}
	}
}

// declares reports whether pkg has the declaration, a method perhaps from an
// embedded field.
func declares(pkg *types.Package, d Declaration) bool {
	if d.Recv == "" {
		obj := pkg.Scope().Lookup(d.Name)
		return obj != nil && cmp.Or(kindOf(obj), d.Kind) == d.Kind
	}
	recv, ok := pkg.Scope().Lookup(d.Recv).(*types.TypeName)
	if !ok {
		return false
	}
	method, _, _ := types.LookupFieldOrMethod(recv.Type(), true, pkg, d.Method)
	_, ok = method.(*types.Func)
	return ok
}

func kindOf(obj types.Object) string {
	switch obj.(type) {
	case *types.Func:
		return kindFunction
	case *types.TypeName:
		return kindType
	}
	return "" // a constant may have become a variable
}

// differences names the functions and methods whose types are not the stub's.
// That alone is no reason to refuse a candidate, because the suites may well
// compile; where they do not, it says why better than the compiler.
func (k *Checker) differences(c *Candidate, pkg *types.Package) []string {
	stub := k.check(c.stub, &types.Info{}, func(string, int, string) {})
	var list []string
	for _, f := range c.stub {
		for _, d := range Exported(f.file) {
			have, want := signature(pkg, d), signature(stub, d)
			if have != want && have != "" && want != "" {
				list = append(list, fmt.Sprintf("%s/%s: %s %s is %s; the suites use it as %s", c.Topic.Exercise(), f.name, d.Kind, d.Name, have, want))
			}
		}
	}
	return list
}

// signature renders the type of a function or a method without the names of
// its parameters, or returns "".
func signature(pkg *types.Package, d Declaration) string {
	obj := pkg.Scope().Lookup(d.Name)
	if recv, ok := pkg.Scope().Lookup(d.Recv).(*types.TypeName); ok {
		obj, _, _ = types.LookupFieldOrMethod(recv.Type(), true, pkg, d.Method)
	}
	f, ok := obj.(*types.Func)
	if !ok {
		return ""
	}
	s := f.Signature()
	text := "func(" + tuple(s.Params(), s.Variadic(), pkg) + ")"
	switch results := tuple(s.Results(), false, pkg); s.Results().Len() {
	case 0:
		return text
	case 1:
		return text + " " + results
	default:
		return text + " (" + results + ")"
	}
}

func tuple(t *types.Tuple, variadic bool, pkg *types.Package) string {
	var list []string
	for i := range t.Len() {
		typ, dots := t.At(i).Type(), ""
		if slice, ok := typ.(*types.Slice); ok && variadic && i == t.Len()-1 {
			typ, dots = slice.Elem(), "..."
		}
		list = append(list, dots+types.TypeString(typ, func(other *types.Package) string {
			if other.Path() == pkg.Path() {
				return ""
			}
			return other.Name()
		}))
	}
	return strings.Join(list, ", ")
}
