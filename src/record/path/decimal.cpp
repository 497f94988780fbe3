#include "record/path/decimal.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

namespace qiao::record::path {

namespace {

using Digits = unsigned __int128;

constexpr std::array<Digits, Decimal::kDigits + 1> kPowers = [] {
    std::array<Digits, Decimal::kDigits + 1> powers{};
    powers[0] = 1;
    for (std::size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * 10;
    return powers;
}();
constexpr Digits kEnd = kPowers[Decimal::kDigits];  ///< the first number with one digit too many

Digits power_of_ten(int exponent) { return kPowers[static_cast<std::size_t>(exponent)]; }

bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

/// 256 bits: room for the product of two coefficients and for one shifted by 34 digits.
struct Decimal::Wide {
    std::array<std::uint64_t, 4> word{};

    static Wide product(Digits left, Digits right) {
        Wide result;
        const std::array<std::uint64_t, 2> a{static_cast<std::uint64_t>(left), static_cast<std::uint64_t>(left >> 64U)};
        const std::array<std::uint64_t, 2> b{static_cast<std::uint64_t>(right), static_cast<std::uint64_t>(right >> 64U)};
        for (std::size_t i = 0; i < 2; ++i) {
            Digits carry = 0;
            for (std::size_t k = 0; k < 2; ++k) {
                carry += static_cast<Digits>(a[i]) * b[k] + result.word[i + k];
                result.word[i + k] = static_cast<std::uint64_t>(carry);
                carry >>= 64U;
            }
            result.word[i + 2] += static_cast<std::uint64_t>(carry);
        }
        return result;
    }
    [[nodiscard]] bool fits() const { return word[3] == 0 && word[2] == 0 && low() < kEnd; }
    [[nodiscard]] Digits low() const { return static_cast<Digits>(word[1]) << 64U | word[0]; }
    /// Divides by ten; the remainder.
    unsigned drop_digit() {
        Digits rest = 0;
        for (std::size_t i = 4; i-- > 0;) {
            const Digits part = rest << 64U | word[i];
            word[i] = static_cast<std::uint64_t>(part / 10);
            rest = part % 10;
        }
        return static_cast<unsigned>(rest);
    }
    void add(const Wide& other) {
        Digits carry = 0;
        for (std::size_t i = 0; i < 4; ++i) {
            carry += static_cast<Digits>(word[i]) + other.word[i];
            word[i] = static_cast<std::uint64_t>(carry);
            carry >>= 64U;
        }
    }
    /// `other` is not larger.
    void subtract(const Wide& other) {
        std::uint64_t borrow = 0;
        for (std::size_t i = 0; i < 4; ++i) {
            const std::uint64_t before = word[i];
            const std::uint64_t taken = before - other.word[i];
            word[i] = taken - borrow;
            borrow = before < other.word[i] || taken < borrow ? 1 : 0;
        }
    }
    friend std::strong_ordering operator<=>(const Wide& left, const Wide& right) {
        for (std::size_t i = 4; i-- > 0;) {
            if (left.word[i] != right.word[i]) return left.word[i] <=> right.word[i];
        }
        return std::strong_ordering::equal;
    }
};

std::optional<Decimal> Decimal::from_wide(Wide value, int scale, bool negative) {
    unsigned dropped = 0;
    while ((!value.fits() || scale > kDigits) && scale > 0) {
        dropped = value.drop_digit();
        --scale;
    }
    if (!value.fits()) return std::nullopt;
    Decimal result;
    result.digits_ = value.low();
    result.scale_ = static_cast<std::int8_t>(scale);
    result.negative_ = negative;
    if (dropped >= 5) {
        ++result.digits_;
        if (result.digits_ == kEnd) {
            if (result.scale_ == 0) return std::nullopt;
            result.digits_ /= 10;
            --result.scale_;
        }
    }
    return result;
}

Decimal::Decimal(std::int64_t value) : digits_(value < 0 ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value)), negative_(value < 0) {}

std::optional<Decimal> Decimal::parse(std::string_view text) {
    Decimal result;
    std::size_t at = 0;
    if (at < text.size() && (text[at] == '-' || text[at] == '+')) result.negative_ = text[at++] == '-';
    int scale = 0;
    bool point = false;
    bool any = false;
    unsigned dropped = 0;
    for (; at < text.size() && (is_digit(text[at]) || (text[at] == '.' && !point && any)); ++at) {
        if (text[at] == '.') {
            point = true;
            if (at + 1 == text.size() || !is_digit(text[at + 1])) return std::nullopt;
            continue;
        }
        any = true;
        const auto digit = static_cast<unsigned>(text[at] - '0');
        const Digits next = result.digits_ * 10 + digit;
        if (next < kEnd && scale < kDigits) {
            result.digits_ = next;
            scale += point ? 1 : 0;
        } else {
            if (!point) return std::nullopt;
            if (dropped == 0) dropped = digit + 10;
        }
    }
    if (!any) return std::nullopt;
    int exponent = 0;
    if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
        ++at;
        if (at < text.size() && text[at] == '+') ++at;
        const auto read = std::from_chars(text.data() + at, text.data() + text.size(), exponent);
        if (read.ec != std::errc() || exponent < -200 || exponent > 200) return std::nullopt;
        at = static_cast<std::size_t>(read.ptr - text.data());
    }
    if (at != text.size()) return std::nullopt;
    if (dropped >= 15) ++result.digits_;
    scale -= exponent;
    for (; scale < 0; ++scale) {
        if (result.digits_ >= kEnd / 10) return std::nullopt;
        result.digits_ *= 10;
    }
    Wide wide = Wide::product(result.digits_, 1);
    return from_wide(wide, scale, result.negative_);
}

std::optional<Decimal> Decimal::from_approximation(long double value) {
    if (!std::isfinite(value)) return std::nullopt;
    std::array<char, 64> text{};
    const int size = std::snprintf(text.data(), text.size(), "%.14Le", value);
    const auto result = parse(std::string_view(text.data(), static_cast<std::size_t>(size)));
    return result ? std::optional(result->trimmed()) : std::nullopt;
}

bool Decimal::is_whole() const { return digits_ % power_of_ten(scale_) == 0; }

std::string Decimal::text() const {
    std::string reversed;
    int written = 0;
    for (Digits rest = digits_; rest != 0 || written <= scale_; rest /= 10, ++written) {
        if (written == scale_ && scale_ > 0) reversed += '.';
        reversed += static_cast<char>('0' + static_cast<unsigned>(rest % 10));
    }
    if (is_negative()) reversed += '-';
    return {reversed.rbegin(), reversed.rend()};
}

long double Decimal::approximation() const {
    const auto size = static_cast<long double>(digits_) / static_cast<long double>(power_of_ten(scale_));
    return negative_ ? -size : size;
}

std::optional<std::int64_t> Decimal::truncated() const {
    const Digits whole = digits_ / power_of_ten(scale_);
    if (whole > static_cast<Digits>(INT64_MAX)) return std::nullopt;
    const auto value = static_cast<std::int64_t>(whole);
    return negative_ ? -value : value;
}

Decimal Decimal::negated() const {
    Decimal result = *this;
    result.negative_ = !negative_;
    return result;
}

Decimal Decimal::absolute() const {
    Decimal result = *this;
    result.negative_ = false;
    return result;
}

Decimal Decimal::trimmed() const {
    Decimal result = *this;
    while (result.scale_ > 0 && result.digits_ % 10 == 0) {
        result.digits_ /= 10;
        --result.scale_;
    }
    return result;
}

std::optional<Decimal> Decimal::rounded(int scale, Rounding rounding) const {
    if (scale < 0 || scale > kDigits) return std::nullopt;
    if (scale >= scale_) {
        const Wide wide = Wide::product(digits_, power_of_ten(scale - scale_));
        return wide.fits() ? from_wide(wide, scale, negative_) : std::nullopt;
    }
    const Digits unit = power_of_ten(scale_ - scale);
    const Digits rest = digits_ % unit;
    const bool away =
        rounding == Rounding::nearest ? rest >= unit / 2 : rest != 0 && ((rounding == Rounding::down && negative_) || (rounding == Rounding::up && !negative_));
    Decimal result = *this;
    result.digits_ = digits_ / unit + (away ? 1 : 0);
    result.scale_ = static_cast<std::int8_t>(scale);
    return result;
}

std::optional<Decimal> add(const Decimal& left, const Decimal& right) {
    const int scale = std::max(left.scale_, right.scale_);
    auto a = Decimal::Wide::product(left.digits_, power_of_ten(scale - left.scale_));
    auto b = Decimal::Wide::product(right.digits_, power_of_ten(scale - right.scale_));
    bool negative = left.negative_;
    if (left.negative_ == right.negative_) {
        a.add(b);
    } else {
        if (a < b) {
            std::swap(a, b);
            negative = right.negative_;
        }
        a.subtract(b);
    }
    return Decimal::from_wide(a, scale, negative);
}

std::optional<Decimal> multiply(const Decimal& left, const Decimal& right) {
    return Decimal::from_wide(Decimal::Wide::product(left.digits_, right.digits_), left.scale_ + right.scale_, left.negative_ != right.negative_);
}

std::optional<Decimal> divide(const Decimal& left, const Decimal& right) {
    if (right.is_zero()) return std::nullopt;
    // left.digits / 10^ls : right.digits / 10^rs = (left.digits / right.digits) / 10^(ls - rs), digit by digit.
    Digits quotient = left.digits_ / right.digits_;
    Digits rest = left.digits_ % right.digits_;
    int scale = left.scale_ - right.scale_;
    while (scale < Decimal::kDigits && quotient < kEnd / 10 && (rest != 0 || scale < 0)) {
        rest *= 10;
        quotient = quotient * 10 + rest / right.digits_;
        rest %= right.digits_;
        ++scale;
    }
    if (scale < 0) return std::nullopt;
    if (rest != 0 && rest >= right.digits_ - rest) ++quotient;
    const auto result = Decimal::from_wide(Decimal::Wide::product(quotient, 1), scale, left.negative_ != right.negative_);
    return result ? std::optional(result->trimmed()) : std::nullopt;
}

std::optional<Decimal> power(const Decimal& base, std::int64_t exponent) {
    if (exponent < 0) {
        const auto inverse = power(base, exponent == INT64_MIN ? INT64_MAX : -exponent);
        return inverse ? divide(Decimal(1), *inverse) : std::nullopt;
    }
    std::optional<Decimal> result = Decimal(1);
    std::optional<Decimal> factor = base;
    for (; exponent > 0; exponent /= 2) {
        if (!factor) return std::nullopt;
        if (exponent % 2 == 1) result = multiply(*result, *factor);
        if (!result) return std::nullopt;
        factor = multiply(*factor, *factor);
    }
    return result;
}

std::strong_ordering operator<=>(const Decimal& left, const Decimal& right) {
    if (left.is_negative() != right.is_negative()) return left.is_negative() ? std::strong_ordering::less : std::strong_ordering::greater;
    const int scale = std::max(left.scale_, right.scale_);
    const auto a = Decimal::Wide::product(left.digits_, power_of_ten(scale - left.scale_));
    const auto b = Decimal::Wide::product(right.digits_, power_of_ten(scale - right.scale_));
    return left.is_negative() ? b <=> a : a <=> b;
}

}  // namespace qiao::record::path
