#include "kilonat/codec/latents_file.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <utility>

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "kilonat/base/errors.h"

namespace kilonat::codec {
namespace {

constexpr const char* kVersionKey = "kilonat.latents";
constexpr const char* kVersion = "1";
constexpr std::int64_t kBlockFrames = 4096;
constexpr std::int64_t kValueBytes = 4;  // float32 and int32 alike
constexpr std::uint64_t kMaxHeaderBytes = 1 << 20;

/// The tensors of a latent, [rows, frames] each, by name.
std::vector<std::pair<std::string, at::Tensor>> parts_of(const Latent& latent) {
  if (latent.posterior) {
    return {{"mean", latent.posterior->mean_BDF[0]}, {"stddev", latent.posterior->stddev_BDF[0]}};
  }
  if (latent.codes_BQF.defined()) return {{"codes", latent.codes_BQF[0]}};
  return {{"latent", latent.latent_BDF[0]}};
}

at::Tensor as_stored(const at::Tensor& part) {
  const auto type = at::isFloatingType(part.scalar_type()) ? at::kFloat : at::kInt;
  return part.detach().to(at::kCPU, type);
}

void write_values(std::ofstream& out, const at::Tensor& values) {
  const at::Tensor contiguous = values.contiguous();
  out.write(static_cast<const char*>(contiguous.data_ptr()),
            static_cast<std::streamsize>(contiguous.numel() * kValueBytes));
}

void require_written(const std::ofstream& out, const std::filesystem::path& path) {
  if (!out.good()) throw_io_error("writing the latents", path, errno != 0 ? errno : EIO);
}

std::map<std::string, std::string> metadata_of(const LatentsInfo& info) {
  return {{kVersionKey, kVersion},
          {"kilonat.bottleneck", info.bottleneck},
          {"kilonat.sample_rate_hz", std::to_string(info.sample_rate_hz)},
          {"kilonat.num_channels", std::to_string(info.num_channels)},
          {"kilonat.hop_length", std::to_string(info.hop_length)},
          {"kilonat.num_samples", std::to_string(info.num_samples)},
          {"kilonat.gain", fmt::format("{}", info.gain)},
          {"kilonat.source_sample_rate_hz", std::to_string(info.source_sample_rate_hz)}};
}

template <class Number>
Number number_of(const std::map<std::string, std::string>& metadata, const std::string& key) {
  const auto found = metadata.find("kilonat." + key);
  Number value{};
  const bool is_there = found != metadata.end();
  const char* end = is_there ? found->second.data() + found->second.size() : nullptr;
  const bool is_number = is_there && std::from_chars(found->second.data(), end, value).ptr == end;
  KILONAT_REQUIRE(
      is_number && value > 0, FormatError, "no positive 'kilonat.{}' in the metadata", key);
  return value;
}

LatentsInfo info_of(const std::map<std::string, std::string>& metadata) {
  const auto version = metadata.find(kVersionKey);
  KILONAT_REQUIRE(version != metadata.end(), FormatError, "not a latents file of kilonat encode");
  KILONAT_REQUIRE(version->second == kVersion,
                  FormatError,
                  "latents format {}, this build reads {}",
                  version->second,
                  kVersion);
  LatentsInfo info;
  const auto bottleneck = metadata.find("kilonat.bottleneck");
  info.bottleneck = bottleneck == metadata.end() ? "" : bottleneck->second;
  info.sample_rate_hz = number_of<std::int64_t>(metadata, "sample_rate_hz");
  info.num_channels = number_of<std::int64_t>(metadata, "num_channels");
  info.hop_length = number_of<std::int64_t>(metadata, "hop_length");
  info.num_samples = number_of<std::int64_t>(metadata, "num_samples");
  info.gain = number_of<double>(metadata, "gain");
  info.source_sample_rate_hz = number_of<std::int64_t>(metadata, "source_sample_rate_hz");
  return info;
}

std::vector<std::string> expected_names(const std::string& bottleneck) {
  if (bottleneck == "gaussian") return {"mean", "stddev"};
  if (bottleneck == "rvq") return {"codes"};
  return {"latent"};
}

}  // namespace

LatentsWriter::LatentsWriter(std::filesystem::path path)
    : path_(std::move(path)),
      spool_file_(path_),
      spool_(spool_file_.temporary_path(), std::ios::binary) {
  require_written(spool_, path_);
}

void LatentsWriter::append(const Latent& latent) {
  const auto parts = parts_of(latent);
  if (names_.empty()) {
    for (const auto& [name, part] : parts) {
      names_.push_back(name);
      heights_.push_back(part.size(0));
      is_integer_ = !at::isFloatingType(part.scalar_type());
    }
  }
  std::vector<at::Tensor> columns;
  for (const auto& [name, part] : parts) columns.push_back(as_stored(part));
  // Frame by frame: the spool's rows are frames, the file's are channels.
  const at::Tensor frames = at::cat(columns, 0).t();
  write_values(spool_, frames);
  require_written(spool_, path_);
  num_frames_ += frames.size(0);
}

void LatentsWriter::write_tensors(std::ofstream& out) {
  std::int64_t width = 0;
  for (const std::int64_t height : heights_) width += height;
  const auto start = static_cast<std::int64_t>(out.tellp());
  std::ifstream spool(spool_file_.temporary_path(), std::ios::binary);
  for (std::int64_t first = 0; first < num_frames_; first += kBlockFrames) {
    const std::int64_t count = std::min(kBlockFrames, num_frames_ - first);
    at::Tensor frames = at::empty({count, width}, is_integer_ ? at::kInt : at::kFloat);
    spool.read(static_cast<char*>(frames.data_ptr()), count * width * kValueBytes);
    const at::Tensor rows = frames.t().contiguous();
    // The tensors lie one behind the other, so that row r of all is row r of the file.
    for (std::int64_t r = 0; r < width; ++r) {
      out.seekp(start + (r * num_frames_ + first) * kValueBytes);
      write_values(out, rows[r]);
    }
  }
}

void LatentsWriter::finish(const LatentsInfo& info) {
  KILONAT_REQUIRE(num_frames_ > 0, DataError, "writing '{}': no frames", path_.string());
  spool_.close();
  require_written(spool_, path_);

  nlohmann::json header{{"__metadata__", metadata_of(info)}};
  std::int64_t offset = 0;
  for (std::size_t i = 0; i < names_.size(); ++i) {
    const std::int64_t end = offset + heights_[i] * num_frames_ * kValueBytes;
    header[names_[i]] = {{"dtype", is_integer_ ? "I32" : "F32"},
                         {"shape", {heights_[i], num_frames_}},
                         {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');  // the data starts aligned

  AtomicFile file(path_);
  std::ofstream out(file.temporary_path(), std::ios::binary);
  const auto length = static_cast<std::uint64_t>(text.size());
  for (int byte = 0; byte < 8; ++byte) out.put(static_cast<char>(length >> (8 * byte) & 0xff));
  out << text;
  write_tensors(out);
  out.close();
  require_written(out, path_);
  file.commit();
}

LatentsReader::LatentsReader(const std::filesystem::path& path)
    : path_(path), in_(path, std::ios::binary) {
  if (!in_.good()) throw_io_error("reading the latents", path, errno);
  const std::string what = fmt::format("latents '{}'", path.string());
  const std::uint64_t size = std::filesystem::file_size(path);
  std::uint64_t length = 0;
  for (int byte = 0; byte < 8; ++byte) {
    length |= static_cast<std::uint64_t>(in_.get() & 0xff) << (8 * byte);
  }
  KILONAT_REQUIRE(in_.good() && length <= kMaxHeaderBytes && length + 8 <= size,
                  FormatError,
                  "{}: not a safetensors file, or truncated",
                  what);
  std::string text(length, '\0');
  in_.read(text.data(), static_cast<std::streamsize>(length));
  data_start_ = 8 + length;
  try {
    header_ = tensor::parse_safetensors_header(text, size - data_start_, what);
    info_ = info_of(header_.metadata);
    for (const std::string& name : expected_names(info_.bottleneck)) {
      const auto found = header_.tensors.find(name);
      KILONAT_REQUIRE(found != header_.tensors.end() && found->second.shape.size() == 2,
                      FormatError,
                      "no tensor '{}' of two axes",
                      name);
      const bool is_first = num_frames_ == 0;
      KILONAT_REQUIRE(is_first || found->second.shape[1] == num_frames_,
                      FormatError,
                      "'{}' has {} frames, expected {}",
                      name,
                      found->second.shape[1],
                      num_frames_);
      num_frames_ = found->second.shape[1];
    }
  } catch (FormatError& error) {
    if (std::string_view(error.what()).find(what) == std::string_view::npos) {
      error.add_context(what);
    }
    throw;
  }
}

void LatentsReader::require_fits(const AutoencoderOptions& model) const {
  const auto compare = [&](const char* what, const auto& found, const auto& expected) {
    KILONAT_REQUIRE(found == expected,
                    FormatError,
                    "decoding '{}': its {} is {}, the model's {}; another model made it",
                    path_.string(),
                    what,
                    found,
                    expected);
  };
  compare("bottleneck", info_.bottleneck, model.bottleneck.kind);
  compare("sample rate", info_.sample_rate_hz, model.sample_rate_hz);
  compare("number of channels", info_.num_channels, model.num_channels);
  compare("hop length", info_.hop_length, codec::hop_length(model));
  const std::string name = expected_names(info_.bottleneck).front();
  const std::int64_t rows = header_.tensors.at(name).shape[0];
  if (info_.bottleneck == "gaussian") {
    compare("number of latent channels", rows, model.bottleneck.latent_channels);
  } else if (info_.bottleneck == "rvq") {
    KILONAT_REQUIRE(rows <= model.bottleneck.num_codebooks,
                    FormatError,
                    "decoding '{}': {} codebooks, the model has {}",
                    path_.string(),
                    rows,
                    model.bottleneck.num_codebooks);
  }
}

at::Tensor LatentsReader::read_rows(const std::string& name,
                                    std::int64_t first,
                                    std::int64_t count) {
  const tensor::StoredTensor& stored = header_.tensors.at(name);
  const bool is_integer = stored.type == tensor::StoredType::kI32;
  KILONAT_REQUIRE(is_integer || stored.type == tensor::StoredType::kF32,
                  FormatError,
                  "latents '{}': '{}' is {}, expected F32 or I32",
                  path_.string(),
                  name,
                  tensor::stored_type_name(stored.type));
  at::Tensor rows = at::empty({stored.shape[0], count}, is_integer ? at::kInt : at::kFloat);
  for (std::int64_t r = 0; r < stored.shape[0]; ++r) {
    const std::int64_t offset = (r * num_frames_ + first) * kValueBytes;
    in_.seekg(static_cast<std::streamoff>(data_start_ + stored.begin) + offset);
    in_.read(static_cast<char*>(rows[r].data_ptr()), count * kValueBytes);
  }
  if (!in_.good()) throw_io_error("reading the latents", path_, errno != 0 ? errno : EIO);
  return is_integer ? rows.to(at::kLong) : rows;
}

Latent LatentsReader::read(std::int64_t first, std::int64_t count) {
  Latent latent;
  if (info_.bottleneck == "gaussian") {
    latent.posterior = Posterior{read_rows("mean", first, count).unsqueeze(0),
                                 read_rows("stddev", first, count).unsqueeze(0)};
    latent.latent_BDF = latent.posterior->mean_BDF;
  } else if (info_.bottleneck == "rvq") {
    latent.codes_BQF = read_rows("codes", first, count).unsqueeze(0);
  } else {
    latent.latent_BDF = read_rows("latent", first, count).unsqueeze(0);
  }
  return latent;
}

}  // namespace kilonat::codec
