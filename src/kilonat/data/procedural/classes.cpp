#include "kilonat/data/procedural/classes.h"

#include <vector>

namespace kilonat::data::procedural {

std::span<const SoundClass> sound_classes() {
#define KILONAT_LIST_SOUND_CLASS(name) {#name, name},
  static const std::vector<SoundClass> classes{KILONAT_SOUND_CLASSES(KILONAT_LIST_SOUND_CLASS)};
#undef KILONAT_LIST_SOUND_CLASS
  return classes;
}

}  // namespace kilonat::data::procedural
