#pragma once
/// ViSQOL's last step: a support vector regression from similarities to a listening score.

#include <filesystem>
#include <memory>

#include "kilonat/metrics/visqol/gammatone.h"

namespace kilonat::metrics::visqol {

/// A regression model of libsvm. Thread-safe after construction.
class QualityModel {
 public:
  /// Reads libsvm's text format: nu_svr or epsilon_svr, kernel rbf, features 1 to 32.
  /// @throws IoError if the file cannot be read; FormatError, naming the line, if it is no such
  /// model.
  explicit QualityModel(const std::filesystem::path& path);
  ~QualityModel();
  QualityModel(QualityModel&&) noexcept;

  /// What the regression says, not limited to any range.
  [[nodiscard]] double predict(const Bands& similarities) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kilonat::metrics::visqol
