package main

import (
	"bytes"
	"fmt"
	"strings"
)

// Manual is what `agent debug manual` prints.
type Manual struct {
	Version  string
	Commands []Command
	Topics   []Topic
}

// Command is one command.
type Command struct {
	Path, Usage, Short, Long, Example string
	Aliases                           []string
	Flags                             []Flag
	Global                            []Flag `json:"global_flags"`
	Statuses                          []struct {
		Status int
		Text   string
	}
	Children []string
}

// Flag is one flag of a command.
type Flag struct{ Short, Name, Value, Default, Text string }

// Topic is one topic of help.
type Topic struct{ Name, Short, Text string }

// Page is a file in the language of man(7).
type Page struct {
	File string
	Text []byte
}

// Pages returns the pages of commands, in section 1, and of topics, in section 7.
func (m *Manual) Pages(date string) (pages []Page) {
	for i := range m.Commands {
		p := &page{}
		p.command(m, &m.Commands[i], date)
		pages = append(pages, Page{pageName(m.Commands[i].Path) + ".1", p.Bytes()})
	}
	for _, t := range m.Topics {
		if _, isCommand := m.find("agent " + t.Name); isCommand {
			continue // it stands on the command's page
		}
		p := &page{}
		p.title("agent-"+t.Name, "7", date, m.Version)
		p.section("NAME")
		p.printf("agent\\-%s \\- %s", escape(t.Name), escape(t.Short))
		p.section("DESCRIPTION")
		p.verbatim(t.Text)
		p.section("SEE ALSO")
		p.refs([]string{"agent(1)"})
		pages = append(pages, Page{"agent-" + t.Name + ".7", p.Bytes()})
	}
	return pages
}

func (m *Manual) find(path string) (*Command, bool) {
	for i := range m.Commands {
		if m.Commands[i].Path == path {
			return &m.Commands[i], true
		}
	}
	return nil, false
}

func pageName(path string) string { return strings.ReplaceAll(path, " ", "-") }

// page is a page that grows line by line.
type page struct{ bytes.Buffer }

// printf writes one line, which must not begin as a request does: text begins with a
// letter, or with what escape made of it.
func (p *page) printf(format string, args ...any) { fmt.Fprintf(&p.Buffer, format+"\n", args...) }

func (p *page) title(name, section, date, version string) {
	p.printf(".TH %s %s %q %q %q", strings.ToUpper(escape(name)), section, date, "agent "+version, "agent")
}

func (p *page) section(name string) { p.printf(".SH %s", name) }

func (p *page) command(m *Manual, c *Command, date string) {
	p.title(pageName(c.Path), "1", date, m.Version)
	p.section("NAME")
	p.printf("%s \\- %s", escape(pageName(c.Path)), escape(c.Short))
	p.section("SYNOPSIS")
	p.printf(".B %s", escape(c.Usage))
	for _, alias := range c.Aliases {
		p.printf(".br\n.B %s", escape(strings.Replace(c.Usage, c.Path, c.Path[:strings.LastIndexByte(c.Path, ' ')+1]+alias, 1)))
	}
	p.section("DESCRIPTION")
	p.prose(c)
	p.children(m, c)
	p.flags("OPTIONS", c.Flags)
	p.flags("GLOBAL OPTIONS", c.Global)
	p.settings(m, c)
	if c.Example != "" {
		p.section("EXAMPLES")
		p.verbatim(c.Example)
	}
	p.section("EXIT STATUS")
	for _, s := range c.Statuses {
		p.printf(".TP\n.B %d\n%s", s.Status, escape(s.Text))
	}
	p.section("SEE ALSO")
	p.refs(m.neighbours(c))
}

// prose writes the long text: paragraphs are filled, what is indented is not.
func (p *page) prose(c *Command) {
	text := c.Long
	if text == "" {
		text = c.Short + "."
	}
	for i, par := range strings.Split(text, "\n\n") {
		if i > 0 {
			p.printf(".PP")
		}
		if strings.HasPrefix(par, "  ") || strings.Contains(par, "\n  ") {
			p.verbatim(par)
			continue
		}
		for line := range strings.Lines(par) {
			p.printf("%s", escape(strings.TrimSpace(line)))
		}
	}
}

func (p *page) children(m *Manual, c *Command) {
	if len(c.Children) == 0 {
		return
	}
	p.section("COMMANDS")
	for _, path := range c.Children {
		if child, ok := m.find(path); ok {
			p.printf(".TP\n.BR %s (1)\n%s", escape(pageName(path)), escape(child.Short))
		}
	}
}

func (p *page) flags(title string, flags []Flag) {
	if len(flags) == 0 {
		return
	}
	p.section(title)
	for _, f := range flags {
		names := `\fB` + escape("--"+f.Name) + `\fR`
		if f.Short != "" {
			names = `\fB` + escape("-"+f.Short) + `\fR, ` + names
		}
		if f.Value != "" {
			names += ` \fI` + escape(f.Value) + `\fR`
		}
		text := f.Text
		if f.Default != "" && !strings.Contains(text, "default") {
			text += " (default: " + f.Default + ")"
		}
		p.printf(".TP\n%s\n%s", names, escape(text))
	}
}

// settings are on the page of the command that has the topic's name.
func (p *page) settings(m *Manual, c *Command) {
	for _, t := range m.Topics {
		if "agent "+t.Name == c.Path {
			title, text, _ := strings.Cut(t.Text, "\n")
			p.section(title)
			p.verbatim(text)
		}
	}
}

// verbatim keeps lines and blanks as they are.
func (p *page) verbatim(text string) {
	p.printf(".nf")
	for line := range strings.Lines(strings.Trim(text, "\n")) {
		line = strings.TrimRight(line, "\n ")
		if line == "" {
			p.printf(".sp")
			continue
		}
		p.printf("%s", escape(line))
	}
	p.printf(".fi")
}

func (m *Manual) neighbours(c *Command) (refs []string) {
	if cut := strings.LastIndexByte(c.Path, ' '); cut > 0 {
		refs = append(refs, pageName(c.Path[:cut])+"(1)")
	}
	for _, t := range m.Topics {
		if _, isCommand := m.find("agent " + t.Name); isCommand {
			if c.Path != "agent "+t.Name {
				refs = append(refs, "agent-"+t.Name+"(1)")
			}
			continue
		}
		refs = append(refs, "agent-"+t.Name+"(7)")
	}
	return refs
}

func (p *page) refs(names []string) {
	for i, ref := range names {
		name, section, _ := strings.Cut(ref, "(")
		end := ","
		if i == len(names)-1 {
			end = ""
		}
		p.printf(".BR %s (%s%s", escape(name), section, end)
	}
}

// escape makes text of what roff would take for an order: backslashes, a dot or a quote
// at the beginning of a line, and dashes, which are minus signs where they are typed.
func escape(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "^", `\(ha`, "~", `\(ti`, "`", `\(ga`).Replace(text)
	if strings.HasPrefix(text, ".") {
		text = `\&` + text
	}
	return text
}
