#include "kilonat/codec/import/names.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <optional>
#include <string_view>

#include "kilonat/base/errors.h"

namespace kilonat::codec {

namespace {

using Parts = std::vector<std::string>;

Parts split(const std::string& name) {
  Parts parts;
  size_t start = 0;
  for (size_t dot = name.find('.'); dot != std::string::npos; dot = name.find('.', start)) {
    parts.push_back(name.substr(start, dot - start));
    start = dot + 1;
  }
  parts.push_back(name.substr(start));
  return parts;
}

std::string join(const Parts& parts) {
  std::string name;
  for (const std::string& part : parts) name += name.empty() ? part : "." + part;
  return name;
}

/// A small index; nothing for other texts.
std::optional<int> index_of(const std::string& text) {
  int value = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value);
  const bool valid = parsed.ec == std::errc() && parsed.ptr == end && value >= 0 && value < 1000;
  return valid ? std::optional<int>(value) : std::nullopt;
}

/// The blocks that the names mention: one more than the largest index after `head`.
int count_blocks(const std::vector<std::string>& names, const Parts& head) {
  int count = 0;
  for (const std::string& name : names) {
    const Parts parts = split(name);
    if (parts.size() <= head.size() || !std::equal(head.begin(), head.end(), parts.begin())) {
      continue;
    }
    if (const auto index = index_of(parts[head.size()])) count = std::max(count, *index + 1);
  }
  return count;
}

/// "rest" after the first `count` parts.
Parts rest(const Parts& parts, size_t count) {
  return {parts.begin() + static_cast<std::ptrdiff_t>(count), parts.end()};
}

Parts concatenate(Parts head, const Parts& tail) {
  head.insert(head.end(), tail.begin(), tail.end());
  return head;
}

// --- Names of HF transformers' DAC and of diffusers' Oobleck, which share their layout.

/// "snake1", "conv1", "snake2", "conv2" within a residual unit.
std::optional<std::string> unit_layer(const std::string& name) {
  const std::map<std::string, std::string> layers{
      {"snake1", "0"}, {"conv1", "1"}, {"snake2", "2"}, {"conv2", "3"}};
  const auto found = layers.find(name);
  return found == layers.end() ? std::nullopt : std::optional(found->second);
}

/// Inside "encoder.block.i" or "decoder.block.i": our path of the layer, then what is left.
std::optional<Parts> huggingface_block(bool is_encoder, const Parts& inside) {
  if (inside.size() < 2) return std::nullopt;
  const std::string& layer = inside[0];
  if (layer.starts_with("res_unit") && inside.size() >= 3) {
    const auto unit = index_of(layer.substr(8));
    const auto position = unit_layer(inside[1]);
    if (!unit || *unit < 1 || !position) return std::nullopt;
    const int slot = is_encoder ? *unit - 1 : *unit + 1;
    return concatenate({"block", std::to_string(slot), "block", *position}, rest(inside, 2));
  }
  const std::map<std::string, std::string> encoder_layers{{"snake1", "3"}, {"conv1", "4"}};
  const std::map<std::string, std::string> decoder_layers{{"snake1", "0"}, {"conv_t1", "1"}};
  const auto& layers = is_encoder ? encoder_layers : decoder_layers;
  const auto found = layers.find(layer);
  if (found == layers.end()) return std::nullopt;
  return concatenate({"block", found->second}, rest(inside, 1));
}

std::optional<std::string> from_huggingface(const Parts& parts,
                                            int encoder_blocks,
                                            int decoder_blocks) {
  if (parts.size() < 3) return std::nullopt;
  if (parts[0] == "quantizer") return join(parts);
  const bool is_encoder = parts[0] == "encoder";
  if (!is_encoder && parts[0] != "decoder") return std::nullopt;
  const int blocks = is_encoder ? encoder_blocks : decoder_blocks;
  const Parts head = is_encoder ? Parts{"encoder", "block"} : Parts{"decoder", "model"};
  const auto at = [&](int slot, const Parts& tail) {
    return join(concatenate(concatenate(head, {std::to_string(slot)}), tail));
  };
  if (parts[1] == "conv1") return at(0, rest(parts, 2));
  if (parts[1] == "snake1") return at(blocks + 1, rest(parts, 2));
  if (parts[1] == "conv2") return at(blocks + 2, rest(parts, 2));
  const auto index = parts[1] == "block" ? index_of(parts[2]) : std::nullopt;
  if (!index) return std::nullopt;
  const auto inside = huggingface_block(is_encoder, rest(parts, 3));
  return inside ? std::optional(at(*index + 1, *inside)) : std::nullopt;
}

// --- stable-audio-tools: nested Sequentials, all called "layers".

std::optional<std::string> from_stable_audio_tools(Parts parts) {
  if (parts.size() < 3 || (parts[0] != "encoder" && parts[0] != "decoder") ||
      parts[1] != "layers") {
    return std::nullopt;
  }
  parts[1] = parts[0] == "encoder" ? "block" : "model";
  for (size_t i = 2; i < parts.size(); ++i) {
    if (parts[i] == "layers") parts[i] = "block";
  }
  return join(parts);
}

// --- dacvae: DAC's names, but decoder blocks interleave the watermark's layers, and the output
// layer lies within the watermark's module.

std::optional<std::string> from_dacvae(Parts parts, int decoder_blocks) {
  const std::string name = join(parts);
  constexpr std::string_view kHead = "decoder.wm_model.encoder_block.pre.";
  if (name.starts_with(kHead)) {
    const Parts tail = split(name.substr(kHead.size()));
    const auto slot = index_of(tail[0]);
    if (!slot || *slot > 1) return std::nullopt;
    return join(concatenate({"decoder", "model", std::to_string(decoder_blocks + 1 + *slot)},
                            rest(tail, 1)));
  }
  if (name.starts_with("decoder.wm_model.")) return std::nullopt;
  const bool in_block = parts.size() > 4 && parts[0] == "decoder" && parts[3] == "block";
  if (!in_block) return name;
  const std::map<std::string, std::string> slots{
      {"0", "0"}, {"1", "1"}, {"4", "2"}, {"5", "3"}, {"8", "4"}};
  const auto found = slots.find(parts[4]);
  if (found == slots.end()) return std::nullopt;
  parts[4] = found->second;
  return join(parts);
}

// --- Finding the model.

/// The first layer of an encoder, by which each style is known.
constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kAnchors{
    {{"encoder.block.0.", "dac"}, {"encoder.conv1.", "huggingface"}, {"encoder.layers.0.", "sat"}}};
constexpr std::array<std::string_view, 3> kFirstWeights{
    "weight_v", "weight", "parametrizations.weight.original1"};

struct Candidate {
  std::string prefix;
  std::string style;
};

/// What stands before the first layer's weight in `name`, if it is one.
std::optional<Candidate> candidate(const std::string& name) {
  for (const auto& [anchor, style] : kAnchors) {
    for (const std::string_view weight : kFirstWeights) {
      const std::string ending = std::string(anchor) + std::string(weight);
      if (!name.ends_with(ending)) continue;
      const std::string prefix = name.substr(0, name.size() - ending.size());
      if (prefix.empty() || prefix.ends_with('.')) return Candidate{prefix, std::string(style)};
    }
  }
  return std::nullopt;
}

Candidate best_candidate(const ShapeMap& shapes, const std::string& what) {
  std::vector<Candidate> candidates;
  for (const auto& [name, shape] : shapes) {
    // "encoder.block.0.conv1.weight" of the Hugging Face style is a block's, not the first layer's.
    if (auto found = candidate(name); found && shape.size() == 3) candidates.push_back(*found);
  }
  KILONAT_REQUIRE(!candidates.empty(),
                  FormatError,
                  "reading {}: among its {} tensors there is no DAC, dacvae or Oobleck encoder",
                  what,
                  shapes.size());
  const auto rank = [](const Candidate& c) {
    const bool is_average = c.prefix.find("ema_model.") != std::string::npos;
    return std::pair(!is_average, c.prefix.size());
  };
  return *std::min_element(candidates.begin(), candidates.end(), [&](const auto& a, const auto& b) {
    return rank(a) < rank(b);
  });
}

std::vector<std::string> names_under(const ShapeMap& shapes, const std::string& prefix) {
  std::vector<std::string> names;
  for (const auto& [name, shape] : shapes) {
    if (name.starts_with(prefix)) names.push_back(name.substr(prefix.size()));
  }
  return names;
}

/// The Hugging Face layout has two users, the dac layout too.
std::string refined_style(const std::string& style, const std::vector<std::string>& names) {
  const auto any = [&](const auto& matches) {
    return std::any_of(names.begin(), names.end(), matches);
  };
  if (style == "huggingface") {
    const bool has_beta = any([](const std::string& name) { return name.ends_with(".beta"); });
    return has_beta ? "diffusers" : "transformers";
  }
  const bool has_watermark =
      any([](const std::string& name) { return name.starts_with("decoder.wm_model."); });
  return style == "dac" && has_watermark ? "dacvae" : style;
}

}  // namespace

NamedWeights find_autoencoder(const ShapeMap& shapes, const std::string& what) {
  const Candidate found = best_candidate(shapes, what);
  const std::vector<std::string> names = names_under(shapes, found.prefix);
  NamedWeights result;
  result.key_style = refined_style(found.style, names);
  result.prefix = found.prefix;
  const int encoder_blocks = count_blocks(names, {"encoder", "block"});
  const int decoder_blocks = count_blocks(names, {"decoder", "block"});
  // In DAC's own numbering the blocks stand between the first layer and the last two.
  const int dacvae_blocks = count_blocks(names, {"decoder", "model"}) - 1;
  for (const std::string& name : names) {
    std::optional<std::string> ours;
    if (found.style == "huggingface") {
      ours = from_huggingface(split(name), encoder_blocks, decoder_blocks);
    } else if (found.style == "sat") {
      ours = from_stable_audio_tools(split(name));
    } else if (result.key_style == "dacvae") {
      ours = from_dacvae(split(name), dacvae_blocks);
    } else {
      ours = name;
    }
    const bool ours_known =
        ours && (ours->starts_with("encoder.") || ours->starts_with("decoder.") ||
                 ours->starts_with("quantizer."));
    if (ours_known) {
      result.theirs[*ours] = found.prefix + name;
    } else {
      result.ignored.push_back(name);
    }
  }
  return result;
}

}  // namespace kilonat::codec
