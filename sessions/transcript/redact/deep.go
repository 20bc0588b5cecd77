package redact

import (
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/runbook"
)

// LearnEstate notes every value of an estate's fields.
func (r *Redactor) LearnEstate(e *estate.Estate) {
	if e == nil {
		return
	}
	r.LearnAll(e.Target)
	for _, k := range e.Keys() {
		f, _ := e.Fact(k)
		switch k.Kind {
		case "role", "role-policies", "instance-profile":
			r.Learn(Role, k.ID) // also where the role itself could not be read
		}
		if v := reflect.ValueOf(f).MethodByName("Value"); f.State() == fact.StateKnown && v.IsValid() {
			r.learn(v.Call(nil)[0], "", "")
		}
		r.learn(reflect.ValueOf(f.Why()), "", "")
		r.learn(reflect.ValueOf(f.Origin()), "", "")
	}
	for name, a := range e.Answers {
		r.Learn(Param(name), a)
	}
}

// LearnAll notes the values of every field of v.
func (r *Redactor) LearnAll(v any) { r.learn(reflect.ValueOf(v), "", "") }

func (r *Redactor) learn(v reflect.Value, c Class, holder string) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() && !opaque(v.Type()) {
			r.learn(v.Elem(), c, holder)
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			r.learn(v.Index(i), c, holder)
		}
	case reflect.Map:
		for it := v.MapRange(); it.Next(); {
			value := c
			if key, ok := it.Key().Interface().(string); ok {
				r.Learn(keyClass(c, key), key)
				value = entryClass(c, holder, key)
			}
			r.learn(it.Value(), value, holder)
		}
	case reflect.Struct:
		if known, ok := knownOf(v); ok {
			r.learn(known, "", "")
			return
		}
		if v.Type() == reflect.TypeFor[time.Time]() || v.Type() == reflect.TypeFor[lang.Text]() {
			return
		}
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() {
				r.learn(v.Field(i), fieldClass(v.Type(), f), f.Name)
			}
		}
	case reflect.String:
		if v.Type() == reflect.TypeFor[string]() && c != "" {
			r.Learn(c, v.String())
		}
	}
}

// fieldClass is what the table says of a field, or what counts where it says nothing.
func fieldClass(t reflect.Type, f reflect.StructField) Class {
	if c, ok := fields[t.String()+"."+f.Name]; ok {
		return c
	}
	if strings.HasPrefix(t.String(), "estate.") && t != reflect.TypeFor[estate.Key]() {
		return Name
	}
	return Sweep
}

func keyClass(c Class, key string) Class {
	switch {
	case c != Tag:
		return Plain
	case key == "Name" || strings.HasPrefix(key, "aws:"):
		return Plain
	}
	return TagKey
}

// entryClass is the class of what stands under a key of a map.
func entryClass(c Class, holder, key string) Class {
	if holder == "Params" {
		return Param(key)
	}
	return c
}

// Param is the class of a parameter of a finding, or of the answer to a question.
func Param(name string) Class {
	if c, ok := params[name]; ok {
		return c
	}
	return Sweep
}

// opaque are pointers that are not copied: monshin's own trees, and estates, which
// no export shows.
func opaque(t reflect.Type) bool {
	return t == reflect.TypeFor[*runbook.Tree]() || t == reflect.TypeFor[*estate.Estate]()
}

// knownOf returns the value of a fact.Of that has one.
func knownOf(v reflect.Value) (reflect.Value, bool) {
	switch f := v.Interface().(type) {
	case fact.Of[estate.Instance]:
		return reflect.ValueOf(f.Value()), true
	case fact.Of[estate.Caller]:
		return reflect.ValueOf(f.Value()), true
	}
	return reflect.Value{}, false
}

// Copy returns v with every value rewritten; v itself stays as it is.
func Copy[T any](r *Redactor, v T) T {
	out := reflect.New(reflect.TypeFor[T]()).Elem()
	r.copy(out, reflect.ValueOf(&v).Elem(), Sweep, "")
	return out.Interface().(T)
}

func (r *Redactor) copy(to, from reflect.Value, c Class, holder string) {
	switch from.Kind() {
	case reflect.Pointer:
		if from.IsNil() || opaque(from.Type()) {
			to.Set(from)
			return
		}
		to.Set(reflect.New(from.Type().Elem()))
		r.copy(to.Elem(), from.Elem(), c, holder)
	case reflect.Slice:
		if from.IsNil() || from.Type().Elem().Kind() == reflect.Uint8 {
			to.Set(from)
			return
		}
		to.Set(reflect.MakeSlice(from.Type(), from.Len(), from.Len()))
		for i := range from.Len() {
			r.copy(to.Index(i), from.Index(i), c, holder)
		}
	case reflect.Map:
		r.copyMap(to, from, c, holder)
	case reflect.Struct:
		r.copyStruct(to, from, c)
	case reflect.String:
		to.Set(from)
		if from.Type() == reflect.TypeFor[string]() {
			to.SetString(r.Value(c, from.String()))
		}
	default:
		to.Set(from)
	}
}

func (r *Redactor) copyMap(to, from reflect.Value, c Class, holder string) {
	if from.IsNil() {
		to.Set(from)
		return
	}
	to.Set(reflect.MakeMapWithSize(from.Type(), from.Len()))
	keys := from.MapKeys()
	// Tokens are numbered in the order in which values are met.
	slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	for _, k := range keys {
		key, value := k, reflect.New(from.Type().Elem()).Elem()
		inner := c
		if s, ok := k.Interface().(string); ok {
			key = reflect.ValueOf(r.Value(keyClass(c, s), s))
			inner = entryClass(c, holder, s)
		}
		r.copy(value, from.MapIndex(k), inner, holder)
		to.SetMapIndex(key, value)
	}
}

func (r *Redactor) copyStruct(to, from reflect.Value, c Class) {
	switch v := from.Interface().(type) {
	case time.Time:
		to.Set(from)
		return
	case lang.Text:
		// One statement in two languages: each is rewritten.
		to.Set(reflect.ValueOf(lang.Both(r.Value(textClass(c), v.En), r.Value(textClass(c), v.Ja))))
		return
	case fact.Of[estate.Instance]:
		to.Set(reflect.ValueOf(copyFact(r, v)))
		return
	case fact.Of[estate.Caller]:
		to.Set(reflect.ValueOf(copyFact(r, v)))
		return
	}
	for i := range from.NumField() {
		if f := from.Type().Field(i); f.IsExported() {
			r.copy(to.Field(i), from.Field(i), fieldClass(from.Type(), f), f.Name)
		}
	}
}

func textClass(c Class) Class {
	if c == Plain || c == Free {
		return c
	}
	return Sweep
}

func copyFact[T any](r *Redactor, f fact.Of[T]) fact.Of[T] {
	o := Copy(r, f.Origin())
	switch f.State() {
	case fact.StateKnown:
		return fact.Known(Copy(r, f.Value()), o)
	case fact.StateAbsent:
		return fact.Absent[T](o)
	}
	return fact.UnknownFrom[T](Copy(r, f.Why()), o)
}
