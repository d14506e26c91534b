#include "kilonat/text/open_text_encoder.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "kilonat/base/errors.h"
#include "kilonat/base/printable.h"
#include "kilonat/text/t5_folder.h"
#include "kilonat/text/word_encoder.h"

namespace kilonat::text {

namespace {

std::string kind_of(const std::string& description) {
  const nlohmann::json values =
      nlohmann::json::parse(description, nullptr, /*allow_exceptions=*/false);
  const auto kind = values.is_object() ? values.find("kind") : values.end();
  KILONAT_REQUIRE(kind != values.end() && kind->is_string(),
                  FormatError,
                  "reading a text encoder's description: it is damaged: '{}'",
                  printable(description));
  return kind->get<std::string>();
}

std::shared_ptr<TextEncoder> open_t5(const std::string& description,
                                     const std::filesystem::path& folder,
                                     const c10::Device& device) {
  KILONAT_REQUIRE(!folder.empty(),
                  ConfigError,
                  "opening the text encoder: the generator was trained with a T5 ({}); give its "
                  "folder by --text-encoder",
                  description);
  std::shared_ptr<T5Encoder> encoder = load_t5(folder, device);
  KILONAT_REQUIRE(encoder->description() == description,
                  ConfigError,
                  "opening the text encoder: '{}' holds {}, but the generator was trained with {}",
                  folder.string(),
                  encoder->description(),
                  printable(description, 400));
  return encoder;
}

}  // namespace

std::shared_ptr<TextEncoder> open_text_encoder(const std::string& description,
                                               const std::filesystem::path& t5_folder,
                                               const c10::Device& device) {
  const std::string kind = kind_of(description);
  if (kind == "t5") return open_t5(description, t5_folder, device);
  KILONAT_REQUIRE(kind == "words",
                  FormatError,
                  "reading a text encoder's description: kind '{}' is not known; update kilonat",
                  printable(kind));
  std::shared_ptr<WordEncoder> encoder = word_encoder_of(description);
  encoder->to(device);
  return encoder;
}

}  // namespace kilonat::text
