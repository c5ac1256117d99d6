#include "gateway/cache/http_date.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "common/http/byte_class.h"

namespace tandem::cache {
namespace {

constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> kDays = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
constexpr std::array<std::string_view, 7> kLongDays = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                                       "Friday", "Saturday", "Sunday"};

struct Civil {
  int year = 0;
  unsigned month = 0;
  unsigned day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
};

class Scanner {
 public:
  explicit Scanner(std::string_view text) : left_(text) {}

  bool text(std::string_view wanted) {
    if (!left_.starts_with(wanted)) return false;
    left_.remove_prefix(wanted.size());
    return true;
  }
  template <std::size_t N>
  bool one_of(const std::array<std::string_view, N>& words, unsigned* index = nullptr) {
    for (unsigned i = 0; i < N; ++i) {
      if (!text(words[i])) continue;
      if (index) *index = i;
      return true;
    }
    return false;
  }
  template <class T>
  bool digits(std::size_t count, T& to) {
    if (left_.size() < count) return false;
    int value = 0;
    for (const char c : left_.substr(0, count)) {
      if (!http::is_digit(static_cast<unsigned char>(c))) return false;
      value = value * 10 + (c - '0');
    }
    left_.remove_prefix(count);
    to = static_cast<T>(value);
    return true;
  }
  bool time(Civil& to) {
    return digits(2, to.hour) && text(":") && digits(2, to.minute) && text(":") && digits(2, to.second);
  }
  bool month(Civil& to) {
    if (!one_of(kMonths, &to.month)) return false;
    ++to.month;
    return true;
  }
  bool at_end() const { return left_.empty(); }

 private:
  std::string_view left_;
};

bool imf_fixdate(Scanner scan, Civil& to) {
  return scan.one_of(kDays) && scan.text(", ") && scan.digits(2, to.day) && scan.text(" ") && scan.month(to) &&
         scan.text(" ") && scan.digits(4, to.year) && scan.text(" ") && scan.time(to) && scan.text(" GMT") &&
         scan.at_end();
}

bool rfc850_date(Scanner scan, Civil& to, int this_year) {
  int year = 0;
  if (!(scan.one_of(kLongDays) && scan.text(", ") && scan.digits(2, to.day) && scan.text("-") && scan.month(to) &&
        scan.text("-") && scan.digits(2, year) && scan.text(" ") && scan.time(to) && scan.text(" GMT") &&
        scan.at_end())) {
    return false;
  }
  to.year = this_year - this_year % 100 + year;
  if (to.year > this_year + 50) to.year -= 100;
  return true;
}

bool asctime_date(Scanner scan, Civil& to) {
  if (!(scan.one_of(kDays) && scan.text(" ") && scan.month(to) && scan.text(" "))) return false;
  const bool day = scan.text(" ") ? scan.digits(1, to.day) : scan.digits(2, to.day);
  return day && scan.text(" ") && scan.time(to) && scan.text(" ") && scan.digits(4, to.year) && scan.at_end();
}

}  // namespace

std::optional<WallTime> parse_http_date(std::string_view text, WallTime today) {
  using namespace std::chrono;
  const year_month_day now(floor<days>(today));
  Civil civil;
  const Scanner scan(text);
  if (!imf_fixdate(scan, civil) && !rfc850_date(scan, civil, static_cast<int>(now.year())) &&
      !asctime_date(scan, civil)) {
    return std::nullopt;
  }
  const year_month_day date(year(civil.year), month(civil.month), day(civil.day));
  // 60 is a leap second.
  if (!date.ok() || civil.hour > 23 || civil.minute > 59 || civil.second > 60 || civil.year < 1700 ||
      civil.year > 2200) {  // what a clock of nanoseconds can hold
    return std::nullopt;
  }
  return WallTime(sys_days(date)) + hours(civil.hour) + minutes(civil.minute) + seconds(civil.second);
}

}  // namespace tandem::cache
