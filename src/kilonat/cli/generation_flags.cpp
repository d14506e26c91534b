#include "kilonat/cli/generation_flags.h"

#include "kilonat/audio/file.h"
#include "kilonat/base/errors.h"
#include "kilonat/train/precision_snr.h"
#include "kilonat/train/sound_files.h"

namespace kilonat::cli {

void add_generation_flags(CLI::App& app, GenerationFlags& flags) {
  app.add_option("generator", flags.generator, "A generator: run folder or model.safetensors")
      ->required()
      ->type_name("GEN");
  app.add_option("--steps", flags.how.sampler.num_steps, "Steps from noise to latent")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  app.add_option("--sampler", flags.sampler, "euler, heun (two evaluations a step) or dpmpp2m")
      ->check(CLI::IsMember({"euler", "heun", "dpmpp2m"}))
      ->capture_default_str();
  app.add_option("--cfg", flags.how.guidance.scale, "How far to follow the prompt; 1: no guidance")
      ->check(CLI::Range(0.0, 100.0))
      ->capture_default_str();
  app.add_option("--cfg-rescale",
                 flags.how.guidance.rescale,
                 "Share of the spread added by guidance that is taken back")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  app.add_option("--negative", flags.how.negative, "What the sound is to move away from")
      ->type_name("TEXT");
  app.add_option("--text-encoder", flags.t5_folder, "The T5 that the generator was trained with")
      ->type_name("DIR");
  add_seed_flag(app, flags.common);
  add_run_flags(app, flags.common);
  add_json_flag(app, flags.common);
  add_force_flag(app, flags.common);
}

generation::SoundOptions sound_options(const GenerationFlags& flags) {
  generation::SoundOptions how = flags.how;
  for (const auto& [name, solver] : diffusion::solver_names()) {
    if (name == flags.sampler) how.sampler.solver = solver;
  }
  return how;
}

generation::LoadedGenerator load_generator(const GenerationFlags& flags) {
  const c10::Device device = set_up_generator_device(flags.common);
  generation::LoadedGenerator loaded =
      generation::load_generator(flags.generator, flags.t5_folder, device);
  loaded.codec.model->set_precision(set_up_precision(flags.common, device));
  return loaded;
}

void say_decoding_snr(const GenerationFlags& flags,
                      generation::LoadedGenerator& loaded,
                      generation::SoundOptions& how) {
  codec::Autoencoder& codec = loaded.codec.model;
  if (flags.common.quiet || codec->precision() != kernels::Precision::kBf16) return;
  how.before_decoding = [&flags, &codec, is_said = false](const at::Tensor& latent_DF) mutable {
    if (is_said) return;
    is_said = true;
    if (const auto snr = train::decoding_snr(codec, latent_DF)) {
      say_precision_snr(flags.common, snr->snr_db, snr->duration_s);
    }
  };
}

void require_sound_name(const std::filesystem::path& path) {
  const std::string extension = path.extension().string();
  KILONAT_REQUIRE(extension == ".wav" || extension == ".flac",
                  ConfigError,
                  "writing '{}': expected a name that ends in .wav or .flac",
                  path.string());
}

void write_sound_file(const std::filesystem::path& path,
                      const at::Tensor& audio_CT,
                      std::int64_t sample_rate_hz) {
  require_sound_name(path);
  audio::write_audio(path, {sample_rate_hz, train::channels_of(audio_CT)});
}

}  // namespace kilonat::cli
