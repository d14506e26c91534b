#include "kilonat/data/procedural_source.h"

#include <algorithm>

#include <fmt/format.h>

#include "kilonat/base/seed_tree.h"
#include "kilonat/data/procedural/classes.h"
#include "kilonat/data/procedural/gaussian.h"

namespace kilonat::data {
namespace {

constexpr std::uint64_t kOneInValid = 8;

const procedural::SoundClass& class_named(const std::string& name) {
  const auto classes = procedural::sound_classes();
  return *std::find_if(classes.begin(), classes.end(), [&](const auto& sound_class) {
    return sound_class.name == name;
  });
}

class ProceduralSource : public Source {
 public:
  explicit ProceduralSource(const ProceduralSpec& spec) : spec_(spec) {
    for (const std::string& name : spec_.classes) {
      for (std::uint64_t number = 0; number < static_cast<std::uint64_t>(spec_.clips); ++number) {
        infos_.push_back({.id = fmt::format("procedural/{}/{:04}", name, number),
                          .caption = caption(name, number),
                          .label = name,
                          .split = number % kOneInValid == kOneInValid - 1 ? "valid" : "train"});
      }
    }
  }
  [[nodiscard]] std::size_t size() const override { return infos_.size(); }
  [[nodiscard]] const ClipInfo& info(std::size_t index) const override { return infos_[index]; }

  [[nodiscard]] audio::AudioBuffer read(std::size_t index) const override {
    const auto clips = static_cast<std::size_t>(spec_.clips);
    const std::string& name = spec_.classes[index / clips];
    const std::uint64_t number = index % clips;
    Rng rng(seeds(name, number).child("render"));
    if (const auto* gaussian = procedural::find_gaussian(name)) return noise(*gaussian, rng);
    const procedural::Sketch sketched = sketch(name, number);
    procedural::Scene scene(spec_.format);
    sketched.render(scene, rng);
    if (sketched.is_far) scene.move_far_away(rng);
    return scene.finish(rng);
  }

 private:
  [[nodiscard]] SeedTree seeds(const std::string& name, std::uint64_t number) const {
    return SeedTree(spec_.seed).child("procedural").child(name).child(number);
  }
  [[nodiscard]] std::string caption(const std::string& name, std::uint64_t number) const {
    const auto* gaussian = procedural::find_gaussian(name);
    return gaussian ? gaussian->caption : sketch(name, number).caption;
  }
  /// The channels are independent.
  [[nodiscard]] audio::AudioBuffer noise(const procedural::GaussianSource& source, Rng& rng) const {
    const procedural::Format& format = spec_.format;
    audio::AudioBuffer clip{format.sample_rate_hz, {}};
    const std::size_t num_samples =
        procedural::samples_of(format.duration_s, static_cast<double>(format.sample_rate_hz));
    for (std::int64_t c = 0; c < format.num_channels; ++c) {
      clip.channels.push_back(source.make(num_samples, rng));
    }
    return clip;
  }
  [[nodiscard]] procedural::Sketch sketch(const std::string& name, std::uint64_t number) const {
    Rng rng(seeds(name, number).child("sketch"));
    return class_named(name).sketch(rng, spec_.format.duration_s);
  }

  ProceduralSpec spec_;
  std::vector<ClipInfo> infos_;
};

}  // namespace

std::unique_ptr<Source> make_procedural_source(const ProceduralSpec& spec) {
  return std::make_unique<ProceduralSource>(spec);
}

}  // namespace kilonat::data
