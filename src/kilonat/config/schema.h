#pragma once
/// Typed TOML: one listing per options struct gives parsing, checks, dump and documentation.
///
/// A component declares its options as a plain struct with defaults and lists its fields once:
/// @code
///   struct GateOptions { double threshold_lufs = -40; std::string scope = "clip"; };
///   void describe(config::Schema& schema, GateOptions& options) {
///     schema.field("threshold_lufs", options.threshold_lufs,
///                  {.doc = "excerpts below are drawn again", .unit = "LUFS", .max = 0});
///     schema.field("scope", options.scope, {.doc = "what is measured", .choices = {"clip",
///     "all"}});
///   }
/// @endcode
/// A larger struct nests it: `schema.section("gate", options.gate, "The salience gate.");`.
/// Then `config::load(path, overrides, options)` reads a file into it.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace kilonat::config {

/// What is known of a field beside its type and default.
struct FieldDoc {
  std::string doc{};                                      ///< one line, for the reference
  std::string unit{};                                     ///< "Hz", "kbit/s"; empty: a pure number
  double min = -std::numeric_limits<double>::infinity();  ///< inclusive; arrays: of each element
  double max = std::numeric_limits<double>::infinity();   ///< inclusive
  std::vector<std::string> choices{};  ///< of a string: the values allowed; empty: any
};

/// An enum's value and its name in TOML.
template <class E>
using EnumNames = std::vector<std::pair<std::string, E>>;

/// Reads and writes an enum through its name.
struct EnumBinding {
  std::function<std::string()> get;
  std::function<void(const std::string&)> set;
};

/// Where a field's value lives.
using Binding = std::variant<bool*,
                             std::int64_t*,
                             double*,
                             std::string*,
                             std::vector<std::int64_t>*,
                             std::vector<double>*,
                             std::vector<std::string>*,
                             EnumBinding>;

/// One table of the TOML file: its fields and sub-tables, bound to the variables they set.
///
/// The bound options must outlive the schema. Not thread-safe.
class Schema {
 public:
  Schema();
  ~Schema();
  Schema(const Schema&) = delete;
  Schema& operator=(const Schema&) = delete;

  /// Lists a field of type bool, int64_t, double, std::string, or a vector of the last three.
  /// The variable's value at this moment is the default that the reference shows.
  template <class T>
  requires std::is_constructible_v<Binding, std::in_place_type_t<T*>, T*> Schema& field(
      std::string key, T& value, FieldDoc doc) {
    return add_field(std::move(key), Binding(std::in_place_type<T*>, &value), std::move(doc));
  }

  /// Lists an enum, written by name; `doc.choices` is filled in.
  template <class E>
  Schema& field(std::string key, E& value, EnumNames<E> names, FieldDoc doc) {
    for (const auto& [name, enumerator] : names) doc.choices.push_back(name);
    EnumBinding binding;
    binding.get = [&value, names] {
      for (const auto& [name, enumerator] : names) {
        if (enumerator == value) return name;
      }
      return std::string();
    };
    binding.set = [&value, names](const std::string& text) {
      for (const auto& [name, enumerator] : names) {
        if (name == text) value = enumerator;
      }
    };
    return add_field(std::move(key), Binding(std::move(binding)), std::move(doc));
  }

  /// Lists a sub-table whose options have their own `describe(Schema&, Options&)`.
  template <class Options>
  Schema& section(std::string key, Options& options, std::string doc = {}) {
    describe(add_section(std::move(key), std::move(doc)), options);
    return *this;
  }
  /// Lists a sub-table by hand; the reference is to be filled at once.
  Schema& add_section(std::string key, std::string doc = {});

  /// Reads a file, its `extends` chain first (paths relative to the file that names them).
  ///
  /// A key that is absent keeps its value. Arrays replace arrays.
  /// @throws ConfigError, "file:line: ...": no such file, bad TOML, an unknown key (with the
  /// nearest
  ///         spelling), a wrong type, a value out of range or not among the choices, a cycle.
  void load_file(const std::filesystem::path& path);
  /// The same from a text; `name` stands for the file in errors. `extends` is refused.
  void load_text(std::string_view toml, std::string_view name);
  /// Applies "a.b=value": value is read as TOML, else taken as a string ("snake=linear").
  /// @throws ConfigError as load_file, with "--set a.b" for the place.
  void apply_override(std::string_view assignment);

  /// The values as TOML that load_text reads back to the same values.
  [[nodiscard]] std::string to_toml() const;
  /// The reference in Markdown: a heading and a table per section.
  [[nodiscard]] std::string to_markdown() const;

  struct Impl;

 private:
  Schema& add_field(std::string key, Binding binding, FieldDoc doc);

  std::unique_ptr<Impl> impl_;
  friend struct Impl;
};

/// Reads `path` into `options`, then applies the overrides in their order.
/// @throws ConfigError as Schema::load_file.
template <class Options>
void load(const std::filesystem::path& path,
          std::span<const std::string> overrides,
          Options& options) {
  Schema schema;
  describe(schema, options);
  schema.load_file(path);
  for (const std::string& assignment : overrides) schema.apply_override(assignment);
}

/// Reads `toml` (as to_toml wrote it) into `options`; `name` stands for the file in errors.
template <class Options>
void load_text(std::string_view toml, std::string_view name, Options& options) {
  Schema schema;
  describe(schema, options);
  schema.load_text(toml, name);
}

/// The options as TOML, complete.
template <class Options>
[[nodiscard]] std::string to_toml(Options options) {
  Schema schema;
  describe(schema, options);
  return schema.to_toml();
}

/// The Markdown reference of the options' fields and their defaults.
template <class Options>
[[nodiscard]] std::string to_markdown(Options options) {
  Schema schema;
  describe(schema, options);
  return schema.to_markdown();
}

}  // namespace kilonat::config
