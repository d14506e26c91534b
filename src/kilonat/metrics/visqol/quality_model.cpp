#include "kilonat/metrics/visqol/quality_model.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <libsvm/svm.h>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kilonat/base/errors.h"
#include "kilonat/base/files.h"
#include "kilonat/base/printable.h"

namespace kilonat::metrics::visqol {
namespace {

// libsvm's own reader prints to stderr, changes the process's locale and trusts the counts that a
// file states; so the file is read here, and libsvm gets the model that it holds.

/// Ends the features of one vector.
constexpr svm_node kEnd{-1, 0};

struct SupportVector {
  double coefficient = 0;
  std::vector<svm_node> features;
};

struct ModelText {
  int svm_type = NU_SVR;
  double gamma = 0;
  double rho = 0;
  std::size_t num_vectors = 0;
  std::vector<SupportVector> vectors;
};

template <class Number>
std::optional<Number> number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  if constexpr (std::is_floating_point_v<Number>) {
    if (!std::isfinite(value)) return std::nullopt;
  }
  return value;
}

/// The part up to the next `separator`, which is taken off `text`.
std::string_view take_until(std::string_view& text, char separator) {
  const std::size_t length = text.find(separator);
  const std::string_view part = text.substr(0, length);
  text.remove_prefix(length == std::string_view::npos ? text.size() : length + 1);
  return part;
}

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  while (!line.empty()) {
    const std::string_view word = take_until(line, ' ');
    if (!word.empty()) words.push_back(word);
  }
  return words;
}

class Reader {
 public:
  explicit Reader(const std::filesystem::path& path)
      : path_(path.string()), text_(read_text(path)), rest_(text_) {}

  ModelText read() {
    while (next_line() != "SV") read_header_line();
    for (const char* key : {"svm_type", "kernel_type", "gamma", "nr_class", "total_sv", "rho"}) {
      require(seen_.contains(key), "SV", fmt::format("a line '{}' before it", key));
    }
    while (!rest_.empty()) {
      next_line();
      read_vector();
    }
    require(model_.vectors.size() == model_.num_vectors,
            fmt::format("{} support vectors", model_.vectors.size()),
            fmt::format("{}, as total_sv says; is the file cut off?", model_.num_vectors));
    return std::move(model_);
  }

 private:
  void require(bool condition, std::string_view found, std::string_view expected) const {
    KILONAT_REQUIRE(condition,
                    FormatError,
                    "reading ViSQOL model '{}', line {}: found '{}', expected {}",
                    path_,
                    line_number_,
                    printable(found, 40),
                    expected);
  }

  std::string_view next_line() {
    ++line_number_;
    require(!rest_.empty(), "the end", "libsvm's header (svm_type ... SV)");
    line_ = take_until(rest_, '\n');
    if (line_.ends_with('\r')) line_.remove_suffix(1);
    return line_;
  }

  void read_header_line() {
    const auto words = words_of(line_);
    require(words.size() == 2, line_, "a key of libsvm's header and its value");
    seen_.insert(std::string(words[0]));
    if (words[0] == "svm_type") return read_type(words[1]);
    if (words[0] == "kernel_type") return require(words[1] == "rbf", line_, "kernel_type rbf");
    if (words[0] == "nr_class") return require(words[1] == "2", line_, "nr_class 2");
    if (words[0] == "rho") return set(model_.rho, words[1], "a number");
    if (words[0] == "total_sv") return set(model_.num_vectors, words[1], "a count");
    require(words[0] == "gamma", line_, "a key of an RBF regression's header");
    set(model_.gamma, words[1], "a number");
    require(model_.gamma > 0, line_, "a number above 0");
  }

  void read_type(std::string_view type) {
    require(type == "nu_svr" || type == "epsilon_svr", line_, "svm_type nu_svr or epsilon_svr");
    model_.svm_type = type == "nu_svr" ? NU_SVR : EPSILON_SVR;
  }

  template <class Number>
  void set(Number& target, std::string_view word, std::string_view expected) {
    const auto value = number<Number>(word);
    require(value.has_value(), word, expected);
    target = *value;
  }

  /// coefficient index:value ...
  void read_vector() {
    const auto words = words_of(line_);
    require(!words.empty(), line_, "a support vector");
    SupportVector vector;
    set(vector.coefficient, words[0], "a coefficient");
    int last_index = 0;
    for (std::size_t i = 1; i < words.size(); ++i) {
      svm_node feature{};
      std::string_view value = words[i];
      set(feature.index, take_until(value, ':'), "index:value");
      set(feature.value, value, "index:value");
      require(feature.index > last_index && feature.index <= static_cast<int>(kNumBands),
              words[i],
              fmt::format("a rising index from 1 to {}", kNumBands));
      last_index = feature.index;
      vector.features.push_back(feature);
    }
    vector.features.push_back(kEnd);
    model_.vectors.push_back(std::move(vector));
  }

  std::string path_;
  std::string text_;
  std::string_view rest_;
  std::string_view line_;
  std::size_t line_number_ = 0;
  std::set<std::string> seen_;
  ModelText model_;
};

}  // namespace

/// The model, and libsvm's view of it, which points into it.
struct QualityModel::Impl {
  explicit Impl(ModelText model) : text(std::move(model)) {
    for (SupportVector& vector : text.vectors) {
      coefficients.push_back(vector.coefficient);
      features.push_back(vector.features.data());
    }
    view.param.svm_type = text.svm_type;
    view.param.kernel_type = RBF;
    view.param.gamma = text.gamma;
    view.nr_class = 2;
    view.l = static_cast<int>(features.size());
    view.SV = features.data();
    coefficients_of_class = coefficients.data();
    view.sv_coef = &coefficients_of_class;
    view.rho = &text.rho;
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  ModelText text;
  std::vector<double> coefficients;
  std::vector<svm_node*> features;
  double* coefficients_of_class = nullptr;
  svm_model view{};
};

QualityModel::QualityModel(const std::filesystem::path& path)
    : impl_(std::make_unique<Impl>(Reader(path).read())) {}
QualityModel::~QualityModel() = default;
QualityModel::QualityModel(QualityModel&&) noexcept = default;

double QualityModel::predict(const Bands& similarities) const {
  std::array<svm_node, kNumBands + 1> input{};
  for (std::size_t b = 0; b < kNumBands; ++b) {
    input[b] = {static_cast<int>(b) + 1, similarities[b]};
  }
  input[kNumBands] = kEnd;
  return svm_predict(&impl_->view, input.data());
}

}  // namespace kilonat::metrics::visqol
