#include "kilonat/codec/weights.h"

#include <fmt/format.h>

#include "kilonat/base/errors.h"
#include "kilonat/base/printable.h"

namespace kilonat::codec {

namespace {

bool is_snake_parameter(const std::string& name) {
  return name.ends_with(".alpha") || name.ends_with(".beta");
}

/// The name with `from` at its end replaced by `to`; empty if it does not end so.
std::string with_ending(const std::string& name, const std::string& from, const std::string& to) {
  if (!name.ends_with(from)) return {};
  return name.substr(0, name.size() - from.size()) + to;
}

void require_partner(const tensor::TensorMap& weights,
                     const std::string& name,
                     const std::string& ending,
                     const std::string& partner_ending,
                     const std::string& what) {
  const std::string partner = with_ending(name, ending, partner_ending);
  KILONAT_REQUIRE(partner.empty() || weights.contains(partner),
                  FormatError,
                  "reading {}: '{}' has no '{}' beside it",
                  what,
                  printable(name),
                  printable(partner));
}

}  // namespace

Autoencoder build_from_weights(const AutoencoderOptions& options,
                               const tensor::TensorMap& weights,
                               const std::string& what) {
  Autoencoder model{nullptr};
  try {
    model = Autoencoder(options, Uninitialised{});
  } catch (const c10::Error&) {
    throw FormatError(fmt::format("loading {}: its config asks for too large a model", what));
  }
  load_weights(*model, weights, what);
  model->eval();
  return model;
}

tensor::TensorMap with_split_weight_norm(const tensor::TensorMap& weights,
                                         const std::string& what) {
  constexpr const char* kOld[] = {".weight_g", ".weight_v"};
  constexpr const char* kNew[] = {".parametrizations.weight.original0",
                                  ".parametrizations.weight.original1"};
  tensor::TensorMap result;
  for (const auto& [name, value] : weights) {
    const at::Tensor number = value.to(torch::kFloat32);
    for (const int half : {0, 1}) {
      require_partner(weights, name, kOld[half], kOld[1 - half], what);
      require_partner(weights, name, kNew[half], kNew[1 - half], what);
    }
    if (std::string old = with_ending(name, kNew[0], kOld[0]); !old.empty()) {
      result[old] = number;
    } else if (old = with_ending(name, kNew[1], kOld[1]); !old.empty()) {
      result[old] = number;
    } else if (name.ends_with(".weight") && value.dim() == 3) {
      result[with_ending(name, ".weight", ".weight_v")] = number;
      result[with_ending(name, ".weight", ".weight_g")] = number.norm(2, {1, 2}, true);
    } else if (is_snake_parameter(name)) {
      result[name] = number.reshape({1, -1, 1});
    } else {
      result[name] = number;
    }
  }
  return result;
}

}  // namespace kilonat::codec
