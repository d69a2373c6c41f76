-- Gives plain pandoc what Quarto does by itself, for the Quarto syntax that our documents use; what that is stands in
-- reportgen/site/engines/pandoc.py. With Quarto it runs before Quarto's own filters, so that both engines make the same
-- of floats, callouts and tabsets; listings are left to Quarto then.
-- It runs before citeproc, which would take @fig-x for a citation.

local kinds = {
  fig = { word = "Figure", count = 0 },
  tbl = { word = "Table", count = 0 },
}
local callouts = { note = "Note", tip = "Tip", important = "Important", caution = "Caution", warning = "Warning" }
local labels = {}
local tabsets = 0
local tables_named = {}
local blocks_filter -- set at the end: what stands in a callout or a tab is walked by the function that makes it

local function html(text)
  return pandoc.RawBlock("html", text)
end

local function escaped(text)
  return (text:gsub("[&<>\"]", { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;" }))
end

local function words(meta)
  return meta and pandoc.utils.stringify(meta) or ""
end

local function inlines(meta)
  if not meta then return pandoc.Inlines({}) end
  return pandoc.utils.type(meta) == "Inlines" and meta or pandoc.utils.blocks_to_inlines(pandoc.Blocks(meta))
end

local function wrapped(open, blocks, close)
  local all = pandoc.Blocks({ html(open) })
  all:extend(blocks)
  all:insert(html(close))
  return all
end

-- A real div, so that headings in it make sections that end in it.
local function inside(blocks, class, id)
  return pandoc.Div(blocks:walk(blocks_filter), pandoc.Attr(id or "", { class }))
end

-- Floats

local function kind_of(id)
  return kinds[id:match("^(%a+)%-") or ""]
end

local function numbered(id, caption)
  local kind = kind_of(id)
  kind.count = kind.count + 1
  labels[id] = kind.word .. "\u{a0}" .. kind.count
  local text = pandoc.Inlines({
    pandoc.Span({ pandoc.Str(labels[id] .. ".") }, pandoc.Attr("", { "float-number" })),
    pandoc.Space(),
  })
  text:extend(caption)
  return text
end

local function float(id, content, caption)
  local kind = kind_of(id)
  local text = wrapped("<figcaption>", { pandoc.Plain(numbered(id, caption)) }, "</figcaption>")
  local inside = pandoc.Blocks({})
  if kind.word == "Table" then inside:extend(text) end
  inside:extend(content)
  if kind.word == "Figure" then inside:extend(text) end
  return wrapped('<figure id="' .. escaped(id) .. '" class="float float-' .. kind.word:lower() .. '">', inside, "</figure>")
end

local function number_floats(div)
  if not kind_of(div.identifier) then return nil end
  local caption = div.content:remove()
  return float(div.identifier, div.content, caption.content)
end

local function number_image(paragraph)
  local image = paragraph.content[1]
  if #paragraph.content ~= 1 or image.t ~= "Image" or not kind_of(image.identifier) then return nil end
  local id, caption = image.identifier, image.caption
  image.identifier = ""
  return float(id, { pandoc.Plain({ image }) }, caption)
end

local function scrolling(tbl, name)
  return pandoc.Div({ tbl }, pandoc.Attr("", { "scroll" }, { { "tabindex", "0" }, { "role", "region" }, { "aria-label", name } }))
end

-- A table without a number goes by the names of its columns, and by its place among those of the same.
local function named_by_columns(tbl)
  local columns = pandoc.List({})
  for _, row in ipairs(tbl.head.rows) do
    for _, each in ipairs(row.cells) do columns:insert(words(each.contents)) end
  end
  local name = "Table: " .. table.concat(columns, ", ")
  tables_named[name] = (tables_named[name] or 0) + 1
  return tables_named[name] == 1 and name or name .. " (" .. tables_named[name] .. ")"
end

-- Wide tables scroll sideways. What scrolls is walked no further: the table itself would be met again.
local function show_table(tbl)
  local id = tbl.identifier
  if not kind_of(id) then return scrolling(tbl, named_by_columns(tbl)), false end
  local caption = pandoc.utils.blocks_to_inlines(tbl.caption.long)
  tbl.identifier, tbl.caption = "", { long = {} }
  return float(id, { scrolling(tbl, words(caption)) }, caption), false
end

local function resolve_reference(cite)
  if #cite.citations ~= 1 then return nil end
  local id = cite.citations[1].id
  if not kind_of(id) then return nil end
  if not labels[id] then error("no float carries the id " .. id) end
  return pandoc.Link({ pandoc.Str(labels[id]) }, "#" .. id, "", pandoc.Attr("", { "float-reference" }))
end

-- Callouts

local function callout_kind(div)
  for _, class in ipairs(div.classes) do
    local kind = class:match("^callout%-(%a+)$")
    if callouts[kind] then return kind end
  end
end

local function callout_title(div, kind)
  local first = div.content[1]
  local written = div.attributes.title
  if written then return pandoc.utils.blocks_to_inlines(pandoc.read(written, "markdown").blocks) end
  if first and first.t == "Header" then
    div.content:remove(1)
    return first.content
  end
  if (div.attributes.appearance or "default") == "default" then return pandoc.Inlines({ pandoc.Str(callouts[kind]) }) end
end

local function callout(div)
  local kind = callout_kind(div)
  if not kind then return nil end
  local title, collapse = callout_title(div, kind), div.attributes.collapse
  local content = inside(div.content, "callout-text")
  local id = div.identifier ~= "" and ' id="' .. escaped(div.identifier) .. '"' or ""
  local attributes = id .. ' class="callout callout-' .. kind .. '"'
  if collapse and title then
    local state = collapse == "false" and " open" or ""
    local all = wrapped("<summary class=\"callout-title\">", { pandoc.Plain(title) }, "</summary>")
    all:insert(content)
    return wrapped("<details" .. attributes .. state .. ">", all, "</details>")
  end
  local all = title and wrapped('<div class="callout-title">', { pandoc.Plain(title) }, "</div>") or pandoc.Blocks({})
  all:insert(content)
  return wrapped("<div" .. attributes .. ' role="note">', all, "</div>")
end

-- Tabsets

local function tabs_of(div)
  local tabs, level = {}, nil
  for _, block in ipairs(div.content) do
    if block.t == "Header" and (level or block.level) == block.level then
      level = block.level
      table.insert(tabs, { heading = block, content = pandoc.Blocks({}) })
    elseif #tabs > 0 then
      tabs[#tabs].content:insert(block)
    end
  end
  return tabs
end

local function open_tab(tabs)
  for place, tab in ipairs(tabs) do
    if tab.heading.classes:includes("active") then return place end
  end
  return 1
end

local function tabset(div)
  if not div.classes:includes("panel-tabset") then return nil end
  tabsets = tabsets + 1
  local name, tabs = "tabset-" .. tabsets, tabs_of(div)
  if #tabs == 0 then error("a tabset has no heading, so it has no tab") end
  local all, open = pandoc.Blocks({}), open_tab(tabs)
  for place, tab in ipairs(tabs) do
    local id = name .. "-" .. place
    all:insert(html('<input type="radio" class="tab-choice" name="' .. name .. '" id="' .. id .. '"'
      .. (place == open and " checked" or "") .. ">"))
    all:extend(wrapped('<label class="tab-name" for="' .. id .. '">', { pandoc.Plain(tab.heading.content) }, "</label>"))
    all:insert(inside(tab.content, "tab-panel", tab.heading.identifier))
  end
  return wrapped('<div class="tabset" role="radiogroup" aria-label="Tabs">', all, "</div>")
end

-- Listings

local function read_items(file)
  local opened = io.open(file, "r")
  if not opened then error("listing: there is no file " .. file) end
  local text = opened:read("a")
  opened:close()
  local nested = text:gsub("\r", ""):gsub("([^\n]+)", "  %1")
  return pandoc.read("---\nitems:\n" .. nested .. "\n---\n", "markdown-smart").meta.items or {}
end

local function is_items(contents)
  return pandoc.utils.type(contents) == "List" and contents[1] and pandoc.utils.type(contents[1]) == "table"
end

local function items_of(listing)
  local contents = listing.contents
  if is_items(contents) then return contents end
  local items = pandoc.List({})
  for _, file in ipairs(pandoc.utils.type(contents) == "List" and contents or { contents }) do
    local name = words(file)
    if not name:match("%.ya?ml$") then error("listing: only items and YAML files can be its contents, not " .. name) end
    items:extend(read_items(name))
  end
  return items
end

local function linked(item, content)
  return item.path and pandoc.Inlines({ pandoc.Link(content, words(item.path)) }) or content
end

local function picture(item)
  if not item.image then return pandoc.Inlines({}) end
  local image = pandoc.Image(inlines(item["image-alt"]), words(item.image), "", pandoc.Attr("", {}, { loading = "lazy" }))
  return pandoc.Inlines({ image })
end

local function line(class, content)
  if #content == 0 then return pandoc.Blocks({}) end
  return wrapped('<p class="' .. class .. '">', { pandoc.Plain(content) }, "</p>")
end

local function listed(item)
  local about = inlines(item.date)
  if item.author then
    if #about > 0 then about:extend({ pandoc.Str(" · ") }) end
    about:extend(inlines(item.author))
  end
  local all = line("listing-picture", picture(item))
  all:extend(line("listing-title", linked(item, inlines(item.title))))
  all:extend(line("listing-subtitle", inlines(item.subtitle)))
  all:extend(line("listing-about", about))
  all:extend(line("listing-words", inlines(item.description)))
  return wrapped("<li>", all, "</li>")
end

local function cell(tag, content)
  return wrapped("<" .. tag .. ">", { pandoc.Plain(content) }, "</" .. tag:match("^%a+") .. ">")
end

local columns = { { "date", "Date" }, { "title", "Title" }, { "author", "Author" }, { "description", "Description" } }

local function as_table(items)
  local used = pandoc.List(columns):filter(function(column)
    return pandoc.List(items):find_if(function(item) return item[column[1]] ~= nil end) ~= nil
  end)
  local head, body = pandoc.Blocks({}), pandoc.Blocks({})
  for _, column in ipairs(used) do head:extend(cell('th scope="col"', { pandoc.Str(column[2]) })) end
  for _, item in ipairs(items) do
    local row = pandoc.Blocks({})
    for _, column in ipairs(used) do
      local content = inlines(item[column[1]])
      row:extend(cell("td", column[1] == "title" and linked(item, content) or content))
    end
    body:extend(wrapped("<tr>", row, "</tr>"))
  end
  local all = wrapped("<thead><tr>", head, "</tr></thead>")
  all:extend(wrapped("<tbody>", body, "</tbody>"))
  return wrapped('<div class="scroll listing" tabindex="0" role="region" aria-label="List"><table>', all, "</table></div>")
end

local function rendered_listing(listing)
  local kind, items = listing.type and words(listing.type) or "default", items_of(listing)
  if kind == "table" then return as_table(items) end
  if kind ~= "default" and kind ~= "grid" then error("listing: there is no type " .. kind) end
  local all = pandoc.Blocks({})
  for _, item in ipairs(items) do all:extend(listed(item)) end
  return wrapped('<ul class="listing listing-' .. kind .. '">', all, "</ul>")
end

local function place_listing(doc, listing)
  local id, placed = words(listing.id), false
  local made = rendered_listing(listing)
  if id ~= "" then
    doc.blocks = doc.blocks:walk({
      Div = function(div)
        if div.identifier ~= id or placed then return nil end
        placed = true
        div.content = made
        return div
      end,
    })
  end
  if not placed then doc.blocks:extend(made) end
end

local function place_listings(doc)
  local listings = doc.meta.listing
  if quarto or type(listings) ~= "table" and pandoc.utils.type(listings) ~= "List" then return nil end
  if pandoc.utils.type(listings) == "Inlines" then listings = { { contents = listings } } end
  if pandoc.utils.type(listings) ~= "List" then listings = listings[1] and listings or { listings } end
  for _, listing in ipairs(listings) do place_listing(doc, listing) end
  doc.meta.listing = nil
  return doc
end

-- Links and code

local function to_html(link)
  if link.target:match("^%a[%w+.-]*:") then return nil end
  local file, rest = link.target:match("^([^#?]*)%.qmd(.*)$")
  if not file then return nil end
  link.target = file .. ".html" .. rest
  return link
end

-- Code scrolls sideways where it is wide, so it must be within reach of the keyboard.
local function show_code(code)
  local name = code.attributes.filename
  code.attributes.filename, code.attributes.tabindex = nil, "0"
  if not name then return code end
  local all = wrapped('<p class="code-name">', { pandoc.Plain({ pandoc.Str(name) }) }, "</p>")
  all:insert(code)
  return wrapped('<div class="code-with-name">', all, "</div>")
end

blocks_filter = {
  traverse = "topdown",
  Div = function(div)
    if div.classes:includes("scroll") then return div, false end
    return number_floats(div) or callout(div) or tabset(div)
  end,
  Para = number_image,
  Plain = number_image,
  Table = show_table,
  CodeBlock = show_code,
}

return {
  { Pandoc = place_listings },
  blocks_filter,
  { Cite = resolve_reference, Link = to_html },
}
