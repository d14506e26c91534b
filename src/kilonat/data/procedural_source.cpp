#include "kilonat/data/procedural_source.h"

#include <algorithm>

#include <fmt/format.h>

#include "kilonat/base/seed_tree.h"
#include "kilonat/data/procedural/classes.h"

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
                          .caption = sketch(name, number).caption,
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
    const procedural::Sketch sketched = sketch(name, number);
    Rng rng(seeds(name, number).child("render"));
    procedural::Scene scene(spec_.format);
    sketched.render(scene, rng);
    if (sketched.is_far) scene.move_far_away(rng);
    return scene.finish(rng);
  }

 private:
  [[nodiscard]] SeedTree seeds(const std::string& name, std::uint64_t number) const {
    return SeedTree(spec_.seed).child("procedural").child(name).child(number);
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
