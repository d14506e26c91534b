#include "kilonat/train/reconstruction_set.h"

#include "kilonat/data/clip_format.h"
#include "kilonat/train/codec_eval.h"
#include "kilonat/train/model_format.h"
#include "kilonat/train/sound_files.h"

namespace kilonat::train {

metrics::SoundSet judge_reconstructions(metrics::SoundJudge& judge,
                                        const data::Source& source,
                                        codec::LoadedModel& loaded,
                                        std::uint64_t seed,
                                        const std::function<void()>& on_clip) {
  const data::ClipFormat format = clip_format(loaded);
  const auto code = [&](std::size_t i) {
    const data::PreparedClip clip = data::prepare_clip(source.read(i), format);
    const CodedClip coded = code_clip(loaded.model, tensor_of(clip.audio), {.seed = seed});
    return metrics::SoundJudge::NamedClip{
        source.info(i).id,
        source.info(i).label,
        {format.sample_rate_hz, channels_of(coded.reconstruction_CT)},
        source.info(i).caption};
  };
  return judge.judge(source.size(), code, on_clip);
}

}  // namespace kilonat::train
