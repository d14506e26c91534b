#pragma once
/// Evaluation mode for a while.

#include <torch/nn/module.h>

namespace kilonat::train {

/// Puts a module into evaluation mode, and back into its own at the end of the scope.
class EvaluationMode {
 public:
  explicit EvaluationMode(torch::nn::Module& model)
      : model_(model), was_training_(model.is_training()) {
    model_.eval();
  }
  ~EvaluationMode() { model_.train(was_training_); }
  EvaluationMode(const EvaluationMode&) = delete;
  EvaluationMode& operator=(const EvaluationMode&) = delete;

 private:
  torch::nn::Module& model_;
  bool was_training_;
};

}  // namespace kilonat::train
