#include "kilonat/diffusion/transformer_options.h"

#include <array>
#include <string_view>

#include "kilonat/base/errors.h"

namespace kilonat::diffusion {

namespace {

constexpr std::int64_t kMaxWidth = 8192;
constexpr std::int64_t kMaxDepth = 128;

struct Size {
  std::string_view name;
  std::int64_t width;
  std::int64_t depth;
  std::int64_t heads;
};
constexpr std::array<Size, 4> kSizes{
    {{"micro", 128, 4, 4}, {"tiny", 192, 6, 6}, {"small", 256, 6, 4}, {"s", 384, 12, 6}}};

const Size& size_named(const std::string& name) {
  for (const Size& size : kSizes) {
    if (size.name == name) return size;
  }
  throw ConfigError(
      fmt::format("transformer: size '{}' is not known: expected micro, tiny, small or s", name));
}

void check(const TransformerOptions& options) {
  KILONAT_REQUIRE(options.width >= 8 && options.width <= kMaxWidth && options.depth >= 1 &&
                      options.depth <= kMaxDepth && options.heads >= 1,
                  ConfigError,
                  "transformer: width {}, depth {}, heads {} cannot be built: expected 8 to {}, 1 "
                  "to {} and 1 or more",
                  options.width,
                  options.depth,
                  options.heads,
                  kMaxWidth,
                  kMaxDepth);
  KILONAT_REQUIRE(options.width % (4 * options.heads) == 0,
                  ConfigError,
                  "transformer: width {} is not a multiple of 4 times {} heads: a head rotates "
                  "its elements in pairs",
                  options.width,
                  options.heads);
  KILONAT_REQUIRE(options.latent_channels >= 1 && options.text_width >= 1,
                  ConfigError,
                  "transformer: {} latent channels and text of width {} cannot be taken in; "
                  "expected 1 or more of each",
                  options.latent_channels,
                  options.text_width);
}

}  // namespace

void describe(config::Schema& schema, TransformerOptions& options) {
  schema
      .field("size",
             options.size,
             {.doc = "micro 128 x 4, tiny 192 x 6, small 256 x 6, s 384 x 12 (width x depth)",
              .choices = {"micro", "tiny", "small", "s"}})
      .field("width",
             options.width,
             {.doc = "width of the stream; 0: as size says", .min = 0, .max = kMaxWidth})
      .field("depth",
             options.depth,
             {.doc = "number of blocks; 0: as size says", .min = 0, .max = kMaxDepth})
      .field("heads",
             options.heads,
             {.doc = "attention heads, the width being a multiple of 4 heads; 0: as size says",
              .min = 0,
              .max = kMaxWidth})
      .field("preconditioned",
             options.preconditioned,
             {.doc = "the network corrects the velocity of N(0, 1) latents; false: it gives the "
                     "whole velocity"});
}

TransformerOptions resolved(TransformerOptions options) {
  const Size& size = size_named(options.size);
  if (options.width == 0) options.width = size.width;
  if (options.depth == 0) options.depth = size.depth;
  if (options.heads == 0) options.heads = size.heads;
  check(options);
  return options;
}

}  // namespace kilonat::diffusion
