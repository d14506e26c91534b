#pragma once
/// Our names of parameters, which are the official DAC's, in the layouts of other libraries: what
/// codec/import/names.h translates, the other way round.

#include <string>

namespace kilonat::codec {

/// The name in the layout that transformers (DacModel) and diffusers (AutoencoderOobleck) share.
/// @param encoder_blocks, decoder_blocks  strided blocks of the model. REQUIRES: a name of ours.
[[nodiscard]] std::string huggingface_name(const std::string& name,
                                           std::size_t encoder_blocks,
                                           std::size_t decoder_blocks);

/// The name in stable-audio-tools' OobleckEncoder and OobleckDecoder. REQUIRES: a name of ours.
[[nodiscard]] std::string stable_audio_tools_name(const std::string& name);

}  // namespace kilonat::codec
