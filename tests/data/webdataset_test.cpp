#include "kilonat/data/webdataset.h"

#include <filesystem>
#include <fstream>
#include <memory>

#include "base/expect_error.h"
#include "base/temporary_folder.h"
#include <archive.h>
#include <archive_entry.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kilonat/audio/file.h"
#include "kilonat/base/errors.h"
#include "kilonat/base/files.h"
#include "kilonat/data/brace_pattern.h"
#include "kilonat/data/clip_cache.h"
#include "kilonat/data/tar_file.h"

namespace kilonat::data {
namespace {

namespace fs = std::filesystem;
using ::kilonat::testing::message_of;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using Members = std::vector<std::pair<std::string, std::string>>;  // name, bytes

void write_tar(const fs::path& path, const Members& members, bool is_compressed = false) {
  archive* tar = archive_write_new();
  archive_write_set_format_pax_restricted(tar);
  if (is_compressed) archive_write_add_filter_gzip(tar);
  ASSERT_EQ(archive_write_open_filename(tar, path.c_str()), ARCHIVE_OK);
  for (const auto& [name, bytes] : members) {
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, name.c_str());
    archive_entry_set_size(entry, static_cast<la_int64_t>(bytes.size()));
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    ASSERT_EQ(archive_write_header(tar, entry), ARCHIVE_OK);
    ASSERT_EQ(archive_write_data(tar, bytes.data(), bytes.size()),
              static_cast<la_ssize_t>(bytes.size()));
    archive_entry_free(entry);
  }
  archive_write_close(tar);
  archive_write_free(tar);
}

std::vector<std::string> ids(const Source& source) {
  std::vector<std::string> result;
  for (std::size_t i = 0; i < source.size(); ++i) result.push_back(source.info(i).id);
  return result;
}

class WebDatasets : public ::testing::Test {
 protected:
  /// A file's bytes: `num_samples` of the value.
  std::string sound(float value, std::int64_t num_samples, const std::string& extension = ".wav") {
    const fs::path path = folder_ / ("sound" + extension);
    audio::AudioBuffer buffer = audio::make_buffer(8000, 1, num_samples);
    buffer.channels[0].assign(static_cast<std::size_t>(num_samples), value);
    audio::write_audio(path, buffer);
    return read_text(path);
  }
  std::string tar(const std::string& name, const Members& members, bool is_compressed = false) {
    write_tar(folder_ / name, members, is_compressed);
    return (folder_ / name).string();
  }
  static std::string error_of(const std::string& spec) {
    return message_of<DataError>([&] { (void)open_source(std::vector{spec}); });
  }

  kilonat::testing::TemporaryFolder folder_;
};

TEST_F(WebDatasets, GroupMembersByTheirKeys) {
  const std::string path =
      tar("a.tar",
          {{"000.wav", sound(0.25F, 100)},
           {"000.txt", "a dog, barking\n"},
           {"000.cls", "dog"},
           {"deep/v1.2/001.flac", sound(0.5F, 3000, ".flac")},
           {"deep/v1.2/001.json",
            R"({"caption": "rain", "class": "weather", "split": "test", "n": 1})"},
           {"./002.take.wav", sound(-0.5F, 7)}});
  const auto source = open_source(std::vector{path});
  EXPECT_THAT(ids(*source), ElementsAre("a.tar/000", "a.tar/deep/v1.2/001", "a.tar/002"));
  EXPECT_EQ(source->info(0).caption, "a dog, barking");
  EXPECT_EQ(source->info(0).label, "dog");
  EXPECT_EQ(source->info(0).split, split_by_hash("a.tar/000"));
  EXPECT_EQ(source->info(1).caption, "rain");
  EXPECT_EQ(source->info(1).label, "weather");
  EXPECT_EQ(source->info(1).split, "test");
  // In any order, and exactly the samples that went in: the offsets are right.
  EXPECT_EQ(source->read(2).channels[0], std::vector<float>(7, -0.5F));
  EXPECT_EQ(source->read(1).channels[0], std::vector<float>(3000, 0.5F));
  EXPECT_EQ(source->read(0).channels[0], std::vector<float>(100, 0.25F));
}

TEST_F(WebDatasets, ReadMembersBehindLongNamesByTheirOffsets) {
  // More than 100 bytes: the name goes into an extra header, which moves the data.
  const std::string long_name = std::string(180, 'k') + "/" + std::string(120, 'n');
  const std::string path = tar("a.tar",
                               {{long_name + ".txt", "long"},
                                {long_name + ".wav", sound(0.125F, 50)},
                                {"b.wav", sound(0.75F, 60)}});
  const auto source = open_webdataset(path);
  ASSERT_EQ(source->size(), 2u);
  EXPECT_EQ(source->info(0).id, "a.tar/" + long_name);
  EXPECT_EQ(source->info(0).caption, "long");
  EXPECT_EQ(source->read(0).channels[0], std::vector<float>(50, 0.125F));
  EXPECT_EQ(source->read(1).channels[0], std::vector<float>(60, 0.75F));
}

TEST_F(WebDatasets, ReadCompressedShards) {
  const std::string path =
      tar("a.tar.gz",
          {{"0.wav", sound(0.25F, 100)}, {"0.txt", "one"}, {"1.wav", sound(0.5F, 90)}},
          /*is_compressed=*/true);
  const auto source = open_source(std::vector{path});
  EXPECT_THAT(ids(*source), ElementsAre("a.tar.gz/0", "a.tar.gz/1"));
  EXPECT_EQ(source->read(1).channels[0], std::vector<float>(90, 0.5F));
  EXPECT_EQ(source->read(0).channels[0], std::vector<float>(100, 0.25F));
}

TEST_F(WebDatasets, ListShardsOfAPatternInOrder) {
  tar("s-08.tar", {{"x.wav", sound(0.1F, 8)}});
  tar("s-09.tar", {{"x.wav", sound(0.1F, 9)}});
  tar("s-10.tar", {{"x.wav", sound(0.1F, 10)}});
  const auto source = open_source(std::vector{(folder_ / "s-{08..10}.tar").string()});
  EXPECT_THAT(ids(*source), ElementsAre("s-08.tar/x", "s-09.tar/x", "s-10.tar/x"));
  EXPECT_EQ(source->read(2).num_samples(), 10);
  EXPECT_THAT(error_of((folder_ / "s-{08..11}.tar").string()),
              AllOf(HasSubstr("s-11.tar"), HasSubstr("no such file")));
}

TEST_F(WebDatasets, NameShardsThatAreTruncatedOrForeign) {
  const std::string path =
      tar("whole.tar", {{"0.wav", sound(0.25F, 4000)}, {"1.wav", sound(0.25F, 4000)}});
  const std::string bytes = read_text(path);
  // Cut within the last sound, its header, the first sound and its header.
  for (const std::size_t length : {20000u, 17000u, 700u, 100u}) {
    const fs::path cut = folder_ / "cut.tar";
    write_text_atomic(cut, bytes.substr(0, length));
    EXPECT_THAT(error_of(cut.string()), AllOf(HasSubstr("cut.tar"), HasSubstr("truncated")))
        << length;
  }
  write_text_atomic(folder_ / "foreign.tar", std::string(5000, 'x'));
  EXPECT_THAT(error_of((folder_ / "foreign.tar").string()),
              AllOf(HasSubstr("foreign.tar"), Not(HasSubstr("\n"))));
  write_text_atomic(folder_ / "empty.tar", "");
  EXPECT_THAT(error_of((folder_ / "empty.tar").string()), HasSubstr("empty.tar"));
  EXPECT_THAT(error_of((folder_ / "missing.tar").string()), HasSubstr("no such file"));
}

TEST_F(WebDatasets, NeverUseNamesAsPaths) {
  const std::string path = tar("a.tar",
                               {{"../../../outside.wav", sound(0.25F, 10)},
                                {"/etc/absolute.wav", sound(0.5F, 11)},
                                {"new\nline.wav", sound(0.5F, 12)}});
  const auto before = std::distance(fs::directory_iterator(folder_.path()), {});
  const auto source = open_webdataset(path);
  ASSERT_EQ(source->size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(source->read(i).num_samples(), 10 + static_cast<std::int64_t>(i));
  }
  EXPECT_EQ(source->info(2).id, "a.tar/new?line");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_.path()), {}), before);
  EXPECT_FALSE(fs::exists("/etc/absolute.wav"));
}

TEST_F(WebDatasets, RefuseTheSameNameTwice) {
  EXPECT_THAT(error_of(tar("a.tar", {{"0.wav", sound(0, 9)}, {"0.wav", sound(0, 9)}})),
              AllOf(HasSubstr("a.tar"), HasSubstr("'0.wav' is in it twice")));
}

TEST_F(WebDatasets, LeaveOutSamplesWithoutASound) {
  const std::string path = tar(
      "a.tar",
      {{"0.txt", "alone"}, {"1.wav", sound(0.5F, 9)}, {".hidden.wav", "?"}, {"README", "text"}});
  EXPECT_THAT(ids(*open_webdataset(path)), ElementsAre("a.tar/1"));
  EXPECT_THAT(error_of(tar("b.tar", {{"0.txt", "alone"}})),
              AllOf(HasSubstr("b.tar"), HasSubstr("no sounds in it")));
}

TEST_F(WebDatasets, SayWhichTextIsWrong) {
  const std::string wav = sound(0.5F, 9);
  EXPECT_THAT(error_of(tar("a.tar", {{"0.wav", wav}, {"0.json", "{\"caption\": "}})),
              HasSubstr("'a.tar/0': its .json is no JSON object"));
  EXPECT_THAT(error_of(tar("b.tar", {{"0.wav", wav}, {"0.json", R"({"split": "trian"})"}})),
              HasSubstr("'b.tar/0': split 'trian', expected train, valid or test"));
  EXPECT_THAT(error_of(tar("c.tar", {{"0.wav", wav}, {"0.txt", std::string(2 << 20, 'x')}})),
              HasSubstr("'0.txt' has 2097152 bytes, at most 1048576 expected"));
}

TEST_F(WebDatasets, WithAnUnreadableSoundAreUsedWithoutIt) {
  const std::shared_ptr<const Source> source =
      open_webdataset(tar("a.tar", {{"bad.wav", "no sound"}, {"good.wav", sound(0.5F, 900)}}));
  EXPECT_THAT(message_of<DataError>([&] { (void)source->read(0); }), HasSubstr("a.tar/bad"));
  ClipCache cache(source, {.sample_rate_hz = 8000}, 1 << 20);
  EXPECT_EQ(cache.get(0), nullptr);
  EXPECT_NE(cache.get(1), nullptr);
  EXPECT_EQ(cache.num_unreadable(), 1u);
}

TEST_F(WebDatasets, NoticeAShardThatBecomesShorter) {
  const std::string path = tar("a.tar", {{"0.wav", sound(0.5F, 900)}});
  const auto source = open_webdataset(path);
  fs::resize_file(path, 600);
  EXPECT_THAT(message_of<DataError>([&] { (void)source->read(0); }),
              HasSubstr("has become shorter"));
}

TEST(ExpandBraces, CountsAndLists) {
  EXPECT_THAT(expand_braces("a.tar"), ElementsAre("a.tar"));
  EXPECT_THAT(expand_braces("a{8..10}"), ElementsAre("a8", "a9", "a10"));
  EXPECT_THAT(expand_braces("{a,b}-{00..01}.tar"),
              ElementsAre("a-00.tar", "a-01.tar", "b-00.tar", "b-01.tar"));
}

TEST(ExpandBraces, RefusesWhatCannotBeMeant) {
  for (const char* pattern : {"a{0..3",
                              "a{3..1}",
                              "a{x..3}",
                              "a{0..}",
                              "{0..999999}",
                              "{0..999}{0..999}",
                              "{0..18446744073709551615}"}) {
    EXPECT_THAT(message_of<DataError>([&] { (void)expand_braces(pattern); }),
                HasSubstr(std::string("sounds '") + pattern));
  }
}

}  // namespace
}  // namespace kilonat::data
