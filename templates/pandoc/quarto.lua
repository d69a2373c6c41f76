-- Gives plain pandoc what Quarto does by itself, for the Quarto syntax that our documents use:
--   ::: {#fig-x} … caption :::   a numbered figure, the caption its last paragraph
--   ::: {#tbl-x} … caption :::   a numbered table, the caption on top
--   @fig-x, @tbl-x               a link to it, "Figure 1"
--   ::: {.callout-note}          a remark whose first heading is its title
-- It runs before citeproc, which would take @fig-x for a citation.

local kinds = {
  fig = { word = "Figure", count = 0 },
  tbl = { word = "Table", count = 0 },
}
local callouts = { note = true, tip = true, important = true, caution = true, warning = true }
local labels = {}

local function kind_of(id)
  return kinds[id:match("^(%a+)%-") or ""]
end

local function number_floats(div)
  local kind = kind_of(div.identifier)
  if not kind then return nil end
  kind.count = kind.count + 1
  local label = kind.word .. "\u{a0}" .. kind.count
  labels[div.identifier] = label

  local caption = div.content:remove()
  local numbered = pandoc.Inlines({
    pandoc.Span({ pandoc.Str(label .. ".") }, pandoc.Attr("", { "float-number" })),
    pandoc.Space(),
  })
  numbered:extend(caption.content)
  local blocks = pandoc.Blocks({})
  local open = pandoc.RawBlock("html", '<figure id="' .. div.identifier .. '" class="float float-' .. kind.word:lower() .. '">')
  local words = pandoc.Blocks({
    pandoc.RawBlock("html", "<figcaption>"), pandoc.Plain(numbered), pandoc.RawBlock("html", "</figcaption>"),
  })
  blocks:insert(open)
  if kind.word == "Table" then blocks:extend(words) end
  blocks:extend(div.content)
  if kind.word == "Figure" then blocks:extend(words) end
  blocks:insert(pandoc.RawBlock("html", "</figure>"))
  return blocks
end

local function title_callout(div)
  local kind
  for _, class in ipairs(div.classes) do
    kind = kind or class:match("^callout%-(%a+)$")
  end
  if not callouts[kind] then return nil end
  local first = div.content[1]
  if first and first.t == "Header" then
    div.content[1] = pandoc.Div({ pandoc.Plain(first.content) }, pandoc.Attr("", { "callout-title" }))
  end
  div.classes = { "callout", "callout-" .. kind }
  div.attributes.role = "note"
  return div
end

local function resolve_reference(cite)
  if #cite.citations ~= 1 then return nil end
  local id = cite.citations[1].id
  if not kind_of(id) then return nil end
  if not labels[id] then error("no float carries the id " .. id) end
  return pandoc.Link({ pandoc.Str(labels[id]) }, "#" .. id, "", pandoc.Attr("", { "float-reference" }))
end

return {
  { traverse = "topdown", Div = function(div) return number_floats(div) or title_callout(div) end },
  { Cite = resolve_reference },
}
