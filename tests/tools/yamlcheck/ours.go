// Tells what is ours in an edited resource and takes it out.
package main

import (
	"fmt"
	"reflect"
	"slices"
	"sort"
	"strings"
)

const (
	annotationPrefix = "meshctl.dev/"
	injected         = "meshctl.dev/injected"
	defaultContainer = "kubectl.kubernetes.io/default-container"
)

// strip returns after without what is ours, where before is what it was made from.
func strip(before, after any) any {
	switch after := after.(type) {
	case map[string]any:
		return stripMap(before, after)
	case []any:
		return stripList(before, after)
	default:
		return after
	}
}

func stripMap(before any, after map[string]any) any {
	old, _ := before.(map[string]any)
	result := map[string]any{}
	for key, value := range after {
		was, present := old[key]
		if !present && (strings.HasPrefix(key, annotationPrefix) || key == defaultContainer) {
			continue
		}
		left := value
		switch key {
		case "containers", "initContainers", "volumes":
			left = withoutOurItems(was, value)
		}
		left = strip(was, left)
		if !present && !reflect.DeepEqual(left, value) && isEmpty(left) {
			continue
		}
		// `null`, `[]` and `{}` say the same to the API server: take the one that was there.
		if present && isEmpty(was) && isEmpty(left) {
			left = was
		}
		result[key] = left
	}
	return result
}

func stripList(before any, after []any) any {
	old, _ := before.([]any)
	result := make([]any, 0, len(after))
	for i, item := range after {
		var was any
		if i < len(old) {
			was = old[i]
		}
		result = append(result, strip(was, item))
	}
	return result
}

func withoutOurItems(before, after any) any {
	list, ok := after.([]any)
	if !ok {
		return after
	}
	old, _ := before.([]any)
	result := []any{}
	for _, item := range list {
		users := slices.ContainsFunc(old, func(o any) bool { return reflect.DeepEqual(o, item) })
		if users || !isOurs(item) {
			result = append(result, item)
		}
	}
	return result
}

func isOurs(item any) bool {
	object, _ := item.(map[string]any)
	name, _ := object["name"].(string)
	return strings.HasPrefix(name, "mesh-") || name == "envoy"
}

func isEmpty(value any) bool {
	switch value := value.(type) {
	case nil:
		return true
	case map[string]any:
		return len(value) == 0
	case []any:
		return len(value) == 0
	default:
		return false
	}
}

// carriesSidecar tells whether some object below has our annotation on its metadata and our container in its spec.
func carriesSidecar(value any) bool {
	switch value := value.(type) {
	case map[string]any:
		if isMeshedTemplate(value) {
			return true
		}
		for _, child := range value {
			if carriesSidecar(child) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(value, carriesSidecar)
	}
	return false
}

func isMeshedTemplate(object map[string]any) bool {
	metadata, _ := object["metadata"].(map[string]any)
	annotations, _ := metadata["annotations"].(map[string]any)
	spec, _ := object["spec"].(map[string]any)
	_, hasAnnotation := annotations[injected]
	first, _ := spec["initContainers"].([]any)
	rest, _ := spec["containers"].([]any)
	return hasAnnotation && (slices.ContainsFunc(first, isOurs) || slices.ContainsFunc(rest, isOurs))
}

// difference names the first place at which two values differ, or nothing.
func difference(path string, want, got any) string {
	if reflect.DeepEqual(want, got) {
		return ""
	}
	left, leftIsMap := want.(map[string]any)
	right, rightIsMap := got.(map[string]any)
	if leftIsMap && rightIsMap {
		return mapDifference(path, left, right)
	}
	first, firstIsList := want.([]any)
	second, secondIsList := got.([]any)
	if firstIsList && secondIsList && len(first) == len(second) {
		for i := range first {
			if where := difference(fmt.Sprintf("%s[%d]", path, i), first[i], second[i]); where != "" {
				return where
			}
		}
	}
	return fmt.Sprintf("%s: %.120v became %.120v", path, want, got)
}

func mapDifference(path string, want, got map[string]any) string {
	keys := map[string]bool{}
	for key := range want {
		keys[key] = true
	}
	for key := range got {
		keys[key] = true
	}
	names := make([]string, 0, len(keys))
	for key := range keys {
		names = append(names, key)
	}
	sort.Strings(names)
	for _, key := range names {
		was, had := want[key]
		is, has := got[key]
		if had != has {
			return fmt.Sprintf("%s.%s: present %t became %t", path, key, had, has)
		}
		if where := difference(path+"."+key, was, is); where != "" {
			return where
		}
	}
	return ""
}
