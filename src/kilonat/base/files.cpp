#include "kilonat/base/files.h"

#include <atomic>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

#include "kilonat/base/errors.h"

namespace kilonat {

namespace fs = std::filesystem;

namespace {

// A descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

int open_retrying(const fs::path& path, int flags) {
  int fd = -1;
  do {
    fd = ::open(path.c_str(), flags | O_CLOEXEC, 0666);
  } while (fd < 0 && errno == EINTR);
  return fd;
}

std::string_view hint_of(int error_number) {
  switch (error_number) {
    case ENOSPC:
    case EDQUOT:
      return "; the disk is full";
    case EROFS:
    case EACCES:
    case EPERM:
      return "; read-only, or no permission";
    case ENOENT:
      return "; check the path";
    default:
      return "";
  }
}

constexpr std::string_view kTemporaryMark = ".tmp";

// "dir/out.wav" -> "dir/.out.<pid>-<n>.tmp.wav"
fs::path temporary_name(const fs::path& final_path) {
  static std::atomic<unsigned> counter{0};
  const std::string name = fmt::format(".{}.{}-{}{}{}",
                                       final_path.stem().string(),
                                       ::getpid(),
                                       counter.fetch_add(1),
                                       kTemporaryMark,
                                       final_path.extension().string());
  return final_path.parent_path() / name;
}

bool is_temporary_name(const fs::path& path) {
  const fs::path stem = path.stem();
  return path.filename().string().starts_with('.') &&
         (path.extension() == kTemporaryMark || stem.extension() == kTemporaryMark);
}

// A trailing slash would make the last component empty.
fs::path without_trailing_slash(const fs::path& path) {
  return path.has_filename() ? path : path.parent_path();
}

void sync_path(const fs::path& path, int flags) {
  const Descriptor file(open_retrying(path, flags));
  if (file.get() < 0 || ::fsync(file.get()) != 0) throw_io_error("writing", path, errno);
}

// The rename itself must reach the disk; a filesystem that cannot sync folders is let off.
void sync_parent(const fs::path& path) {
  const fs::path parent = path.has_parent_path() ? path.parent_path() : fs::path(".");
  const Descriptor folder(open_retrying(parent, O_RDONLY | O_DIRECTORY));
  if (folder.get() >= 0) static_cast<void>(::fsync(folder.get()));
}

void rename_or_throw(const fs::path& from, const fs::path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) throw_io_error("writing", to, errno);
}

void write_all(int fd, std::span<const std::byte> bytes, const fs::path& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) throw_io_error("writing", path, written == 0 ? ENOSPC : errno);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

template <class Container>
Container read_into(const fs::path& path) {
  const Descriptor file(open_retrying(path, O_RDONLY));
  if (file.get() < 0) throw_io_error("reading", path, errno);
  std::error_code unknown_size;
  const auto size_hint = fs::is_regular_file(path) ? fs::file_size(path, unknown_size) : 0;
  Container content;
  content.resize(unknown_size ? 0 : size_hint);
  std::size_t filled = 0;
  while (true) {
    if (filled == content.size()) content.resize(filled + 4096);
    const ssize_t got = ::read(file.get(), content.data() + filled, content.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_io_error("reading", path, errno);
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  content.resize(filled);
  return content;
}

}  // namespace

void throw_io_error(std::string_view doing, const fs::path& path, int error_number) {
  throw IoError(fmt::format(
      "{} '{}': {}{}", doing, path.string(), std::strerror(error_number), hint_of(error_number)));
}

std::vector<std::byte> read_file(const fs::path& path) {
  return read_into<std::vector<std::byte>>(path);
}

std::string read_text(const fs::path& path) {
  return read_into<std::string>(path);
}

void write_file_atomic(const fs::path& path, std::span<const std::byte> bytes) {
  AtomicFile file(path);
  {
    const Descriptor out(open_retrying(file.temporary_path(), O_WRONLY | O_TRUNC));
    if (out.get() < 0) throw_io_error("writing", path, errno);
    write_all(out.get(), bytes, path);
  }
  file.commit();
}

void write_text_atomic(const fs::path& path, std::string_view text) {
  write_file_atomic(path, std::as_bytes(std::span(text.data(), text.size())));
}

void create_folder(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) throw_io_error("creating folder", path, error.value());
  if (!fs::is_directory(path)) throw_io_error("creating folder", path, ENOTDIR);
}

AtomicFile::AtomicFile(fs::path final_path)
    : final_(std::move(final_path)), temporary_(temporary_name(final_)) {
  // Created now, so that a place that cannot be written is refused before the work.
  const Descriptor file(open_retrying(temporary_, O_WRONLY | O_CREAT | O_TRUNC));
  if (file.get() < 0) throw_io_error("writing", final_, errno);
}

AtomicFile::~AtomicFile() {
  if (!temporary_.empty()) static_cast<void>(::unlink(temporary_.c_str()));
}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : final_(std::move(other.final_)), temporary_(std::exchange(other.temporary_, {})) {}

void AtomicFile::commit() {
  sync_path(temporary_, O_RDONLY);
  rename_or_throw(temporary_, final_);
  temporary_.clear();
  sync_parent(final_);
}

AtomicDirectory::AtomicDirectory(const fs::path& final_path)
    : final_(without_trailing_slash(final_path)), temporary_(temporary_name(final_)) {
  create_folder(temporary_);
}

AtomicDirectory::~AtomicDirectory() {
  std::error_code ignored;
  if (!temporary_.empty()) fs::remove_all(temporary_, ignored);
}

AtomicDirectory::AtomicDirectory(AtomicDirectory&& other) noexcept
    : final_(std::move(other.final_)), temporary_(std::exchange(other.temporary_, {})) {}

void AtomicDirectory::commit() {
  for (const auto& entry : fs::recursive_directory_iterator(temporary_)) {
    sync_path(entry.path(), entry.is_directory() ? O_RDONLY | O_DIRECTORY : O_RDONLY);
  }
  sync_path(temporary_, O_RDONLY | O_DIRECTORY);
  fs::path aside;
  if (fs::exists(fs::symlink_status(final_))) {
    aside = temporary_name(final_);
    rename_or_throw(final_, aside);
  }
  rename_or_throw(temporary_, final_);
  temporary_.clear();
  sync_parent(final_);
  std::error_code ignored;
  if (!aside.empty()) fs::remove_all(aside, ignored);
}

void remove_stale_temporaries(const fs::path& folder) {
  std::error_code missing;
  std::vector<fs::path> stale;
  for (const auto& entry : fs::directory_iterator(folder, missing)) {
    if (is_temporary_name(entry.path())) stale.push_back(entry.path());
  }
  for (const fs::path& path : stale) {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
}

}  // namespace kilonat
