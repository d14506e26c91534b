#include "kilonat/data/source.h"

#include <filesystem>
#include <fstream>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kilonat/audio/file.h"
#include "kilonat/base/errors.h"
#include "kilonat/data/manifest.h"

namespace kilonat::data {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Sources : public ::testing::Test {
 protected:
  Sources() : folder_(fs::temp_directory_path() / ("kilonat-source-" + std::to_string(getpid()))) {
    fs::create_directories(folder_ / "deep" / "down");
    for (const char* name : {"b.wav", "a.flac", "deep/down/c.WAV"}) {
      fs::path plain = folder_ / name;
      plain.replace_extension(plain.extension() == ".WAV" ? ".wav" : plain.extension());
      audio::write_audio(plain, audio::make_buffer(8000, 1, 80));
      if (plain != folder_ / name) fs::rename(plain, folder_ / name);
    }
    write("notes.txt", "no sound");
  }
  ~Sources() override { fs::remove_all(folder_); }

  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name) << text;
    return (folder_ / name).string();
  }

  static std::vector<std::string> ids(const Source& source) {
    std::vector<std::string> result;
    for (std::size_t i = 0; i < source.size(); ++i) result.push_back(source.info(i).id);
    return result;
  }

  void expect_error(const std::string& spec, const std::string& part) const {
    try {
      (void)open_source(std::vector{spec});
      FAIL() << spec;
    } catch (const DataError& error) {
      EXPECT_THAT(error.what(), HasSubstr(part));
    }
  }

  fs::path folder_;
};

TEST_F(Sources, FindTheSoundsOfAFolderSortedToItsDepths) {
  const auto source = open_source(std::vector{folder_.string()});
  EXPECT_THAT(ids(*source), ElementsAre("a.flac", "b.wav", "deep/down/c.WAV"));
  EXPECT_EQ(source->read(2).num_samples(), 80);
}

TEST_F(Sources, ReadCsvManifestsRelativeToThem) {
  const std::string csv = write("m.csv",
                                "file,split,class,caption\r\n"
                                "b.wav,valid,dog,\"a dog, \"\"barking\"\"\"\r\n"
                                "deep/down/c.WAV,,rain,\r\n");
  const auto source = open_source(std::vector{csv});
  EXPECT_THAT(ids(*source), ElementsAre("b.wav", "deep/down/c.WAV"));
  EXPECT_EQ(source->info(0).caption, "a dog, \"barking\"");
  EXPECT_EQ(source->info(0).label, "dog");
  EXPECT_EQ(source->info(0).split, "valid");
  EXPECT_EQ(source->info(1).split, split_by_hash("deep/down/c.WAV"));
  EXPECT_EQ(source->read(1).num_samples(), 80);
}

TEST_F(Sources, ReadJsonLines) {
  const std::string jsonl = write(
      "m.jsonl", "{\"file\": \"a.flac\", \"caption\": \"x\", \"n\": 3}\n\n{\"file\": \"b.wav\"}\n");
  const auto source = open_source(std::vector{jsonl});
  EXPECT_THAT(ids(*source), ElementsAre("a.flac", "b.wav"));
  EXPECT_EQ(source->info(0).caption, "x");
}

TEST_F(Sources, AreListedOneBehindTheOther) {
  const auto source =
      open_source(std::vector{(folder_ / "b.wav").string(), (folder_ / "deep").string()});
  EXPECT_THAT(ids(*source), ElementsAre("b.wav", "down/c.WAV"));
  EXPECT_EQ(source->read(1).num_samples(), 80);
}

TEST_F(Sources, SayWhatIsWrongAndWhere) {
  fs::create_directories(folder_ / "nothing");
  expect_error((folder_ / "nothing").string(), "no sound files found");
  expect_error("/no/such/place", "no such file or folder");
  expect_error(write("a.csv", "name,split\nb.wav,train\n"), "a.csv:1: no column 'file'");
  expect_error(write("b.csv", "file,split\nb.wav,train\na.flac\n"),
               "b.csv:3: 1 fields, expected 2");
  expect_error(write("c.csv", "file,split\nb.wav,trian\n"), "c.csv:2: split 'trian'");
  expect_error(write("d.csv", "file\n\"b.wav\n"), "line 2: a quote that does not end");
  expect_error(write("e.jsonl", "{\"file\": \"b.wav\"}\n{\"file\n"), "e.jsonl:2: no JSON object");
  expect_error(write("f.jsonl", "{\"fil\": \"b.wav\"}\n"), "f.jsonl:1: no 'file'");
}

TEST_F(Sources, AreSelectedBySplit) {
  const std::string csv =
      write("m.csv", "file,split\na.flac,train\nb.wav,valid\ndeep/down/c.WAV,train\n");
  const auto source = open_source(std::vector{csv});
  EXPECT_THAT(ids(*select_split(source, "train")), ElementsAre("a.flac", "deep/down/c.WAV"));
  EXPECT_THAT(ids(*select_split(source, "valid")), ElementsAre("b.wav"));
  EXPECT_EQ(select_split(source, "test")->size(), 0u);
  EXPECT_EQ(select_split(source, "all")->size(), 3u);
  EXPECT_THROW((void)select_split(source, "vaild"), ConfigError);
}

TEST(SplitByHash, PutsAboutOneInTenIntoValid) {
  int valid = 0;
  for (int i = 0; i < 2000; ++i) valid += split_by_hash("clip-" + std::to_string(i)) == "valid";
  // Binomial with p = 0.1: a standard deviation of 13.
  EXPECT_NEAR(valid, 200, 60);
}

TEST(ParseCsv, KeepsLineBreaksInQuotesAndCountsLines) {
  const auto rows = parse_csv("a,b\n\"x\ny\",z\n\nlast,\"\"\n");
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_THAT(rows[1].fields, ElementsAre("x\ny", "z"));
  EXPECT_EQ(rows[2].line, 5u);
  EXPECT_THAT(rows[2].fields, ElementsAre("last", ""));
}

}  // namespace
}  // namespace kilonat::data
