/// Printing a schema: as TOML that reads back, and as the reference in Markdown.

#include <fmt/format.h>

#include "kilonat/config/schema_impl.h"

namespace kilonat::config {

namespace {

void append_toml(const Schema::Impl& impl, std::string& text) {
  if (!impl.path.empty() && !impl.fields.empty()) {
    text += fmt::format("{}[{}]\n", text.empty() ? "" : "\n", impl.path);
  }
  for (const Field& field : impl.fields) {
    text += fmt::format("{} = {}\n", field.key, value_as_toml(field.binding));
  }
  for (const Section& section : impl.sections) append_toml(Schema::Impl::of(*section.schema), text);
}

// Text as a table cell: a bar would end it.
std::string cell(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '|') result += '\\';
    result += c;
  }
  return result;
}

std::string allowed_cell(const Field& field) {
  const std::string allowed = allowed_values(field.doc);
  return allowed.empty() ? field.doc.unit : allowed;
}

void append_markdown(const Schema::Impl& impl, std::string& text) {
  if (!impl.path.empty()) text += fmt::format("## `[{}]`\n\n", impl.path);
  if (!impl.doc.empty()) text += impl.doc + "\n\n";
  if (!impl.fields.empty()) {
    text += "| key | type | default | allowed, unit | meaning |\n|---|---|---|---|---|\n";
    for (const Field& field : impl.fields) {
      text += fmt::format("| `{}` | {} | `{}` | {} | {} |\n",
                          field.key,
                          type_name(field.binding),
                          cell(field.default_text),
                          cell(allowed_cell(field)),
                          cell(field.doc.doc));
    }
    text += "\n";
  }
  for (const Section& section : impl.sections) {
    append_markdown(Schema::Impl::of(*section.schema), text);
  }
}

}  // namespace

std::string Schema::to_toml() const {
  std::string text;
  append_toml(*impl_, text);
  return text;
}

std::string Schema::to_markdown() const {
  std::string text;
  append_markdown(*impl_, text);
  return text;
}

}  // namespace kilonat::config
