#include "kilonat/train/classifier_trainer.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <numeric>

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include "kilonat/base/errors.h"
#include "kilonat/base/interrupt.h"
#include "kilonat/base/shuffle.h"
#include "kilonat/metrics/class_scores.h"
#include "kilonat/tensor/random.h"
#include "kilonat/train/schedule.h"

namespace kilonat::train {
namespace {

/// The clips that training sees and those it does not.
struct Parts {
  std::shared_ptr<const data::Source> train;
  std::vector<std::shared_ptr<const data::Source>> held_out;
};

Parts open_parts(const std::vector<std::string>& sources) {
  const auto all = data::open_source(sources);
  return {data::select_split(all, "train"),
          {data::select_split(all, "valid"), data::select_split(all, "test")}};
}

LabelledClips read_all(const std::vector<std::shared_ptr<const data::Source>>& sources,
                       const metrics::SoundClassifierImpl& classifier) {
  LabelledClips all;
  for (const auto& source : sources) {
    const LabelledClips clips = read_labelled_clips(*source, classifier);
    all.powers_MF.insert(all.powers_MF.end(), clips.powers_MF.begin(), clips.powers_MF.end());
    all.classes.insert(all.classes.end(), clips.classes.begin(), clips.classes.end());
    all.num_left_out += clips.num_left_out;
  }
  return all;
}

void require_clips(const LabelledClips& clips, const char* part) {
  KILONAT_REQUIRE(
      clips.size() >= 2,
      DataError,
      "train-classifier: {} {} clips with a class, expected at least 2; columns 'class' "
      "and 'split' of a manifest name them",
      clips.size(),
      part);
}

class Trainer {
 public:
  Trainer(const ClassifierTrainOptions& options,
          metrics::SoundClassifier network,
          const LabelledClips& clips)
      : options_(options),
        network_(std::move(network)),
        clips_(clips),
        optimiser_(parameters_of(*network_), options.optim),
        seeds_(SeedTree(static_cast<std::uint64_t>(options.run.seed)).child("classifier")),
        dropout_(tensor::make_generator(seeds_.child("dropout").seed())),
        order_(clips.size()) {
    std::iota(order_.begin(), order_.end(), std::size_t{0});
    const auto count = static_cast<std::int64_t>(clips.size());
    batch_size_ = std::min(options.run.batch_size, count);
    steps_per_epoch_ = count / batch_size_;
    num_steps_ = options.run.epochs * steps_per_epoch_;
    schedule_ = {.warmup_steps = static_cast<std::int64_t>(options.run.warmup_share *
                                                           static_cast<double>(num_steps_)),
                 .decay_per_step = 1,
                 .cooldown_fraction = 1 - options.run.warmup_share,
                 .cooldown_floor = 0};
  }

  [[nodiscard]] std::int64_t num_steps() const { return num_steps_; }

  void run(const ClassifierProgress& on_step) {
    network_->train();
    for (std::int64_t step = 0; step < num_steps_; ++step) {
      throw_if_interrupted("training the classifier");
      if (step % steps_per_epoch_ == 0) shuffle(step / steps_per_epoch_);
      const double loss = learn_from_batch(step);
      if (on_step) on_step(step + 1, num_steps_, loss);
    }
    network_->eval();
  }

 private:
  void shuffle(std::int64_t epoch) {
    Rng rng(seeds_.child("order").child(static_cast<std::uint64_t>(epoch)));
    kilonat::shuffle(std::span(order_), rng);
  }

  double learn_from_batch(std::int64_t step) {
    const auto first = static_cast<std::size_t>(step % steps_per_epoch_ * batch_size_);
    const std::span<const std::size_t> numbers(order_.data() + first,
                                               static_cast<std::size_t>(batch_size_));
    Rng rng(seeds_.child("augment").child(static_cast<std::uint64_t>(step)));
    const ClassifierBatch batch = make_classifier_batch(clips_, numbers, *network_, options_, rng);
    const auto output = network_->forward(batch.levels_BMF, dropout_);
    const torch::Tensor loss =
        -(batch.targets_BK * at::log_softmax(output.logits_BK, 1)).sum(1).mean();
    const auto value = loss.item<double>();
    KILONAT_REQUIRE(std::isfinite(value),
                    NumericError,
                    "training the classifier: the loss of step {} is {}; lower "
                    "optim.learning_rate",
                    step,
                    value);
    optimiser_.zero_gradients_();
    loss.backward();
    optimiser_.clip_gradients_();
    optimiser_.step_(learning_rate_factor(schedule_, step, num_steps_));
    return value;
  }

  const ClassifierTrainOptions& options_;
  metrics::SoundClassifier network_;
  const LabelledClips& clips_;
  AdamW optimiser_;
  SeedTree seeds_;
  at::Generator dropout_;
  std::vector<std::size_t> order_;
  std::int64_t batch_size_ = 0;
  std::int64_t steps_per_epoch_ = 0;
  std::int64_t num_steps_ = 0;
  ScheduleOptions schedule_;
};

}  // namespace

ClassifierAccuracy measure_classifier(metrics::SoundClassifierImpl& classifier,
                                      const LabelledClips& clips) {
  KILONAT_REQUIRE(clips.size() > 0, DataError, "measuring the classifier: no clip with a class");
  const c10::NoGradGuard guard;
  std::vector<torch::Tensor> rows;
  for (const torch::Tensor& powers_MF : clips.powers_MF) {
    rows.push_back(classifier.forward(classifier.levels(powers_MF).unsqueeze(0)).logits_BK[0]);
  }
  const torch::Tensor logits_NK = at::stack(rows);
  ClassifierAccuracy result{.confusion_KK = metrics::confusion_matrix(logits_NK, clips.classes),
                            .num_clips = static_cast<std::int64_t>(clips.size())};
  const torch::Tensor is_right_N =
      logits_NK.argmax(1).eq(at::tensor(clips.classes, at::kLong)).to(at::kDouble);
  result.accuracy = metrics::bootstrap(
      metrics::accuracy(result.confusion_KK), result.num_clips, [&](const torch::Tensor& drawn) {
        return is_right_N.index_select(0, drawn).mean().item<double>();
      });
  return result;
}

TrainedClassifier train_classifier(const ClassifierTrainOptions& options,
                                   const ClassifierProgress& on_step) {
  check(options);
  const Parts parts = open_parts(options.data.sources);
  const SeedTree seeds = SeedTree(static_cast<std::uint64_t>(options.run.seed)).child("classifier");
  const std::vector<std::string> classes = class_names(*parts.train);
  KILONAT_REQUIRE(
      classes.size() >= 2,
      DataError,
      "train-classifier: the {} training clips are of {} classes, expected at least 2; a "
      "column 'class' of a manifest names them",
      parts.train->size(),
      classes.size());
  TrainedClassifier result;
  result.network = metrics::SoundClassifier(
      options.classifier, classes, tensor::make_generator(seeds.child("weights").seed()));
  const LabelledClips training = read_all({parts.train}, *result.network);
  const LabelledClips held_out = read_all(parts.held_out, *result.network);
  require_clips(training, "training");
  require_clips(held_out, "held-out");
  const auto start = std::chrono::steady_clock::now();
  Trainer trainer(options, result.network, training);
  trainer.run(on_step);
  result.num_steps = trainer.num_steps();
  result.training_s =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  result.held_out = measure_classifier(*result.network, held_out);
  result.training = measure_classifier(*result.network, training);
  return result;
}

}  // namespace kilonat::train
