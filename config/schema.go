package config

import (
	"encoding/json"
	"maps"
	"strings"

	"codeagent.dev/agent"
)

// SchemaFile is the name of the published schema, at the root of our own tree.
const SchemaFile = "agent.schema.json"

// schema is a part of a JSON schema; json sorts its names.
type schema map[string]any

// Schema returns a JSON schema (draft 2020-12) of .agent.yaml, for editors. It is made of
// the table that reads the file. What a schema cannot say is left to Validate: the
// bounds of durations and sizes, and checks with the same name.
func Schema() []byte {
	root := schema{}
	for _, k := range Keys() {
		if k.Repo {
			root.put(k.path(), k.schema())
		}
	}
	root.put([]string{"limits", "paths"}, described(
		listOf(pathSchema(), schema{"not": schema{"pattern": outside}}), "a patch may touch only these files and directories"))
	root[checksName] = checksSchema()
	root["hooks"] = hooksSchema()
	root[watchName] = described(schema{"type": []string{"boolean", "null"}},
		"whether saved comments such as \"agent: handle the empty list\" become jobs, for those who agreed to it with agent watch --daemon")
	doc := schema{
		"$schema":              "https://json-schema.org/draft/2020-12/schema",
		"$id":                  "https://codeagent.dev/agent/" + SchemaFile,
		"title":                RepoFile,
		"description":          "What jobs of agent on this repository must pass, and what they may take. `agent config validate` says more than a schema can.",
		"type":                 []string{"object", "null"},
		"additionalProperties": false,
		"properties":           root,
	}
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(doc); err != nil {
		return nil // maps of texts and numbers can be encoded
	}
	return []byte(b.String())
}

// put stores what a name of several parts may be, in groups as they are nested.
func (s schema) put(path []string, value schema) {
	if len(path) == 1 {
		s[path[0]] = value
		return
	}
	group, ok := s[path[0]].(schema)
	if !ok {
		group = schema{"type": []string{"object", "null"}, "additionalProperties": false, "properties": schema{}}
		s[path[0]] = group
	}
	group["properties"].(schema).put(path[1:], value)
}

func described(s schema, text string) schema {
	s["description"] = text
	return s
}

// oneOf is a value of one of the forms, or none: what is left empty is not written.
func oneOf(forms ...schema) schema {
	return schema{"anyOf": append(forms, schema{"type": "null"})}
}

// listOf is a list of entries, or one text that holds them between commas.
func listOf(entry, text schema) schema {
	text["type"] = "string"
	return oneOf(schema{"type": "array", "items": entry}, text)
}

// Forms of texts, for which each dialect of regular expressions has the same meaning.
const (
	durationForm = `^([0-9]+w)?([0-9]+d)?(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))*$`
	bytesForm    = `^[0-9]+ *(B|kB|KB|MB|GB|TB|KiB|MiB|GiB|TiB)?$`
	tokensForm   = `^([0-9]+|[0-9]+(\.[0-9]+)?[kKM])$`
	moneyForm    = `^\$?[0-9]+(\.[0-9]{1,6}0*)?$`
	authorForm   = `^([^<>\r\n]*[^<>\s][^<>\r\n]* <[^<>@\s]+@[^<>@\s]+>)?$`
	outside      = `^$|^[/\\]|(^|[/\\])\.\.([/\\]|$)` // of a path that leaves the tree
)

// schema is what may be written for the key.
func (k Key) schema() schema {
	var s schema
	number := schema{"type": "integer", "minimum": k.min, "maximum": k.max}
	switch k.Unit {
	case Count:
		s = oneOf(number)
	case Time:
		s = oneOf(schema{"type": "string", "pattern": durationForm, "minLength": 2})
	case Bytes:
		s = oneOf(number, schema{"type": "string", "pattern": bytesForm})
	case Tokens:
		s = oneOf(number, schema{"type": "string", "pattern": tokensForm})
	case Money:
		s = oneOf(schema{"type": "number", "minimum": float64(k.min) / 1e6, "maximum": float64(k.max) / 1e6}, schema{"type": "string", "pattern": moneyForm})
	case Names:
		s = listOf(schema{"type": "string", "minLength": 1}, schema{"pattern": `^\s*$|^[^,]+(,[^,]+)*$`})
	case Word:
		s = oneOf(schema{"enum": k.words})
	case Level:
		s = oneOf(schema{"enum": []string{"debug", "info", "warn", "error"}})
	default:
		text := schema{"type": "string"}
		if k.Name == "author" {
			text["pattern"] = authorForm
		}
		s = oneOf(text)
	}
	if k.Default == "auto" {
		s["anyOf"] = append(s["anyOf"].([]schema), schema{"const": "auto"})
	}
	if k.Default != "" {
		s["default"] = k.Default
	}
	return described(s, k.Doc)
}

func pathSchema() schema {
	return schema{"type": "string", "not": schema{"pattern": outside}}
}

// hooksSchema is what each hook may ask for. That an entry asks for exactly one thing is
// said by "oneOf": each of the three alternatives requires another name.
func hooksSchema() schema {
	globs := listOf(schema{"type": "string", "pattern": `^[^/]`}, schema{"pattern": `^[^/,]`})
	text := func(doc string) schema { return schema{"type": "string", "pattern": `\S`, "description": doc} }
	jobs := schema{
		"patch":    text("what to change, in words"),
		"run":      text("the shell command that makes the change"),
		"paths":    described(globs, "only if a changed file matches one of these, such as **/*.go"),
		"branches": described(globs, "only on a branch that matches one of these, such as feature/*"),
		"variants": schema{"type": "integer", "minimum": 1, "maximum": agent.MaxVariants, "description": "results, side by side"},
	}
	entry := func(properties schema, required ...string) schema {
		var one []schema
		for _, name := range required {
			one = append(one, schema{"required": []string{name}})
		}
		return schema{"type": "object", "additionalProperties": false, "properties": properties, "oneOf": one}
	}
	list := func(item schema) schema { return schema{"type": "array", "maxItems": maxHookRules, "items": item} }
	hooks := schema{}
	for _, name := range HookNames() {
		hooks[name] = list(entry(jobs, "patch", "run"))
	}
	commit := maps.Clone(jobs)
	commit["each"] = schema{"type": "boolean", "description": "a rebase makes a job for each of its commits, not one for the last"}
	hooks["post-commit"] = list(entry(commit, "patch", "run"))
	hooks[PrePush] = list(entry(schema{
		"require":  schema{"const": string(agent.Verified), "description": "the verdict of the newest job on each commit that is pushed"},
		"branches": jobs["branches"],
	}, "require"))
	return schema{
		"type": []string{"object", "null"}, "additionalProperties": false, "properties": hooks,
		"description": "what git hooks ask for, where agent hook install was run",
	}
}

func checksSchema() schema {
	line := func(doc string) schema { return described(schema{"type": []string{"string", "null"}}, doc) }
	dir := pathSchema()
	dir["type"] = []string{"string", "null"}
	dir["not"] = schema{"type": "string", "pattern": `^[/\\]|(^|[/\\])\.\.([/\\]|$)`}
	whole := schema{
		"type": "object", "additionalProperties": false, "required": []string{"run"},
		"properties": schema{
			"name": line("what it is called; not set: its command"),
			"run":  schema{"type": "string", "pattern": `\S`, "description": "the shell command that must exit 0"},
			"dir":  described(dir, "where it runs, below the top of the tree"),
			"time": described(oneOf(schema{"type": "string", "pattern": durationForm, "minLength": 2}), "how long it may take, instead of limits.check"),
		},
	}
	list := schema{
		"type": []string{"array", "null"}, "maxItems": agent.MaxChecks,
		"items": schema{"anyOf": []schema{{"type": "string", "pattern": `\S`}, whole}},
	}
	return described(list, "commands that must exit 0 on a result, run in this order from the top of a clean checkout")
}
