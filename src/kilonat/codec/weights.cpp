#include "kilonat/codec/weights.h"

#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "kilonat/base/errors.h"
#include "kilonat/base/printable.h"
#include "kilonat/tensor/shape.h"

namespace kilonat::codec {

namespace {

/// Collects differences and reports the first few of them in one line.
class Differences {
 public:
  void add(std::string text) {
    if (first_.size() < kMaxNamed) first_.push_back(std::move(text));
    ++count_;
  }
  void throw_if_any(const std::string& what) const {
    if (count_ == 0) return;
    std::string text = fmt::format("{}", fmt::join(first_, "; "));
    if (count_ > first_.size()) text += fmt::format("; and {} more", count_ - first_.size());
    throw FormatError(fmt::format("loading {}: it does not fit the model: {}", what, text));
  }

 private:
  static constexpr size_t kMaxNamed = 3;
  std::vector<std::string> first_;
  size_t count_ = 0;
};

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

tensor::TensorMap weights_of(const AutoencoderImpl& model) {
  tensor::TensorMap weights;
  for (const auto& item : model.named_parameters()) weights[item.key()] = item.value().detach();
  return weights;
}

void load_weights(AutoencoderImpl& model,
                  const tensor::TensorMap& weights,
                  const std::string& what) {
  Differences differences;
  const auto parameters = model.named_parameters();
  for (const auto& item : parameters) {
    const auto found = weights.find(item.key());
    if (found == weights.end()) {
      differences.add(fmt::format("'{}' is missing", item.key()));
    } else if (found->second.sizes() != item.value().sizes()) {
      differences.add(fmt::format("'{}' is {}, expected {}",
                                  item.key(),
                                  tensor::shape_text(found->second.sizes()),
                                  tensor::shape_text(item.value().sizes())));
    } else if (!found->second.isfinite().all().item<bool>()) {
      differences.add(fmt::format("'{}' holds NaN or infinity", item.key()));
    }
  }
  for (const auto& [name, value] : weights) {
    if (parameters.find(name) == nullptr) {
      differences.add(fmt::format("'{}' is not known", printable(name)));
    };
  }
  differences.throw_if_any(what);
  const torch::NoGradGuard no_grad;
  for (const auto& item : parameters) {
    at::Tensor parameter = item.value();
    parameter.copy_(weights.at(item.key()));
  }
}

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
