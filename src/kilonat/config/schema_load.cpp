/// Reading TOML into a schema: files with `extends`, texts, overrides.

#include <algorithm>
#include <filesystem>
#include <optional>

#include <fmt/format.h>
#include <toml++/toml.h>

#include "kilonat/base/errors.h"
#include "kilonat/base/files.h"
#include "kilonat/config/nearest.h"
#include "kilonat/config/schema_impl.h"

namespace kilonat::config {

namespace fs = std::filesystem;

namespace {

// Where a value comes from: "conf/a.toml:12", or "--set rate.law" whatever the line.
struct Origin {
  std::string name;
  bool has_lines = true;

  [[nodiscard]] std::string at(const toml::source_region& region) const {
    return has_lines ? fmt::format("{}:{}", name, region.begin.line) : name;
  }
};

toml::table parse(std::string_view text, const Origin& origin) {
  try {
    return toml::parse(text);
  } catch (const toml::parse_error& error) {
    throw ConfigError(
        fmt::format("{}: not valid TOML: {}", origin.at(error.source()), error.description()));
  }
}

// "; did you mean 'x'?": a near key of this table, else the same key of another one.
std::string spelling_hint(const Schema::Impl& root,
                          const Schema::Impl& impl,
                          std::string_view key) {
  const auto keys = impl.keys();
  std::string nearest = nearest_spelling(key, keys);
  if (nearest.empty()) {
    std::vector<std::string> elsewhere;
    root.collect_paths(key, elsewhere);
    if (!elsewhere.empty()) nearest = elsewhere.front();
  }
  return nearest.empty() ? "" : fmt::format("; did you mean '{}'?", nearest);
}

[[noreturn]] void throw_unknown_key(const Schema::Impl& root,
                                    const Schema::Impl& impl,
                                    std::string_view key,
                                    std::string_view place) {
  throw ConfigError(fmt::format("{}: unknown key '{}' {}{}",
                                place,
                                key,
                                impl.path.empty() ? "at the top level" : "in [" + impl.path + "]",
                                spelling_hint(root, impl, key)));
}

// Keys in the order of the file, so that the first error is the first line at fault.
std::vector<std::pair<std::string, const toml::node*>> in_file_order(const toml::table& table) {
  std::vector<std::pair<std::string, const toml::node*>> entries;
  for (const auto& [key, node] : table) entries.emplace_back(std::string(key.str()), &node);
  std::stable_sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) {
    return a.second->source().begin.line < b.second->source().begin.line;
  });
  return entries;
}

void apply_table(const Schema::Impl& root,
                 const Schema::Impl& impl,
                 const toml::table& table,
                 const Origin& origin) {
  for (const auto& [key, node] : in_file_order(table)) {
    const std::string place = origin.at(node->source());
    if (const Field* field = impl.find_field(key)) {
      assign(*field, *node, place);
    } else if (const Schema* section = impl.find_section(key)) {
      const toml::table* inner = node->as_table();
      KILONAT_REQUIRE(inner != nullptr,
                      ConfigError,
                      "{}: '{}' is a value, expected a table [{}]",
                      place,
                      impl.path_of(key),
                      impl.path_of(key));
      apply_table(root, Schema::Impl::of(*section), *inner, origin);
    } else {
      throw_unknown_key(root, impl, key, place);
    }
  }
}

// A file and those it extends, the file first.
class Chain {
 public:
  explicit Chain(const fs::path& path) { add(path, ""); }

  void apply(const Schema::Impl& root) const {
    for (auto link = links_.rbegin(); link != links_.rend(); ++link) {
      apply_table(root, root, link->table, link->origin);
    }
  }

 private:
  struct Link {
    fs::path path;
    Origin origin;
    toml::table table;
  };

  // `named_by` is "file:line: " of the `extends`, empty for the first file.
  void add(const fs::path& path, const std::string& named_by) {
    KILONAT_REQUIRE(fs::is_regular_file(path),
                    ConfigError,
                    "{}config '{}': no such file",
                    named_by,
                    path.string());
    for (const Link& link : links_) {
      KILONAT_REQUIRE(!fs::equivalent(link.path, path),
                      ConfigError,
                      "{}'extends' comes back to '{}'",
                      named_by,
                      path.string());
    }
    Origin origin{path.string()};
    toml::table table = parse(read_text(path), origin);
    std::optional<toml::source_region> region;
    const std::string base = take_extends(table, origin, region);
    links_.push_back({path, origin, std::move(table)});
    if (region) add(path.parent_path() / base, origin.at(*region) + ": ");
  }

  static std::string take_extends(toml::table& table,
                                  const Origin& origin,
                                  std::optional<toml::source_region>& region) {
    const toml::node* node = table.get("extends");
    if (node == nullptr) return {};
    region = node->source();
    const auto base = node->value<std::string>();
    KILONAT_REQUIRE(node->is_string(),
                    ConfigError,
                    "{}: 'extends' is no string, expected the path of one file",
                    origin.at(*region));
    table.erase("extends");
    return *base;
  }

  std::vector<Link> links_;
};

// The value of an override as TOML; a bare word is a string. Holds the node under the key "v".
toml::table parse_override_value(const std::string& value, const Field& field) {
  toml::table as_text;
  as_text.insert("v", value);
  const bool wants_text = std::holds_alternative<std::string*>(field.binding) ||
                          std::holds_alternative<EnumBinding>(field.binding);
  try {
    toml::table parsed = toml::parse("v = " + value);
    const bool fits = parsed.size() == 1 && (!wants_text || parsed.get("v")->is_string());
    return fits ? parsed : as_text;
  } catch (const toml::parse_error&) {
    return as_text;
  }
}

}  // namespace

void Schema::load_file(const fs::path& path) {
  Chain(path).apply(*impl_);
}

void Schema::load_text(std::string_view toml, std::string_view name) {
  const Origin origin{std::string(name)};
  apply_table(*impl_, *impl_, parse(toml, origin), origin);
}

void Schema::apply_override(std::string_view assignment) {
  const std::size_t equals = assignment.find('=');
  KILONAT_REQUIRE(equals != std::string_view::npos && equals > 0,
                  ConfigError,
                  "--set {}: expected KEY=VALUE, for example rate.target_kbps=4",
                  assignment);
  const std::string path(assignment.substr(0, equals));
  const std::string value(assignment.substr(equals + 1));
  const std::string place = "--set " + path;

  const Impl* impl = impl_.get();
  std::size_t begin = 0;
  for (std::size_t dot = path.find('.'); dot != std::string::npos; dot = path.find('.', begin)) {
    const std::string key = path.substr(begin, dot - begin);
    const Schema* section = impl->find_section(key);
    if (section == nullptr) throw_unknown_key(*impl_, *impl, key, place);
    impl = section->impl_.get();
    begin = dot + 1;
  }
  const std::string key = path.substr(begin);
  const Field* field = impl->find_field(key);
  if (field == nullptr) throw_unknown_key(*impl_, *impl, key, place);
  const toml::table parsed = parse_override_value(value, *field);
  assign(*field, *parsed.get("v"), place);
}

}  // namespace kilonat::config
