#pragma once
/// Reads a JSON tree key by key; whatever does not fit is named by its path.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace kilonat::study {

/// A value of the tree and where it stands: "points[3].rates". Keeps a reference: the tree must
/// outlive it. Every getter throws FormatError "PATH: WHAT was expected, found KIND".
class JsonReader {
 public:
  explicit JsonReader(const nlohmann::ordered_json& value, std::string path = {})
      : value_(&value), path_(std::move(path)) {}

  /// The member of that name. @throws FormatError if this is no object or has none.
  [[nodiscard]] JsonReader at(const std::string& key) const;
  /// The member; nothing if it is absent or null. @throws FormatError if this is no object.
  [[nodiscard]] std::optional<JsonReader> find(const std::string& key) const;

  [[nodiscard]] std::string text() const;
  [[nodiscard]] double number() const;
  [[nodiscard]] std::int64_t integer() const;
  [[nodiscard]] std::vector<JsonReader> array() const;
  /// Calls `visit` with every key and value of an object, in order.
  void each(const std::function<void(const std::string&, const JsonReader&)>& visit) const;

  [[nodiscard]] std::string text_or(const std::string& key, std::string otherwise) const;
  [[nodiscard]] std::optional<double> number_if(const std::string& key) const;
  [[nodiscard]] std::optional<std::int64_t> integer_if(const std::string& key) const;

  [[nodiscard]] bool is_null() const { return value_->is_null(); }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[noreturn]] void fail(std::string_view what) const;

 private:
  [[noreturn]] void expected(std::string_view what) const;

  const nlohmann::ordered_json* value_;
  std::string path_;
};

}  // namespace kilonat::study
