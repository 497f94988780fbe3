#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// A decimal number that keeps its digits: 34 significant ones, at most 34 after the point, so that 7.10 stays 7.10 and
/// 0.1 + 0.2 is 0.3. What has more digits is rounded half away from zero; what is too large is no value. Any thread.
namespace qiao::record::path {

class Decimal {
public:
    Decimal() = default;
    explicit Decimal(std::int64_t value);

    /// JSON or FHIRPath number text, with sign and exponent. Nothing for other text or a value over 34 digits.
    static std::optional<Decimal> parse(std::string_view text);
    /// To 15 significant digits: for roots and logarithms, which have no exact value.
    static std::optional<Decimal> from_approximation(long double value);

    /// Digits after the point as written: 2 for 7.10.
    [[nodiscard]] int scale() const { return scale_; }
    [[nodiscard]] bool is_zero() const { return digits_ == 0; }
    [[nodiscard]] bool is_negative() const { return negative_ && digits_ != 0; }
    [[nodiscard]] bool is_whole() const;
    [[nodiscard]] std::string text() const;
    [[nodiscard]] long double approximation() const;
    /// The whole part; nothing beyond 64 bits.
    [[nodiscard]] std::optional<std::int64_t> truncated() const;

    [[nodiscard]] Decimal negated() const;
    [[nodiscard]] Decimal absolute() const;
    /// Without zeros at the end of the fraction.
    [[nodiscard]] Decimal trimmed() const;

    enum class Rounding : std::uint8_t { nearest, down, up, to_zero };  ///< down and up: towards -∞ and +∞
    /// With exactly `scale` digits after the point; nothing when that needs more than 34 digits.
    [[nodiscard]] std::optional<Decimal> rounded(int scale, Rounding rounding) const;

    friend std::optional<Decimal> add(const Decimal& left, const Decimal& right);
    friend std::optional<Decimal> subtract(const Decimal& left, const Decimal& right) { return add(left, right.negated()); }
    friend std::optional<Decimal> multiply(const Decimal& left, const Decimal& right);
    /// Nothing for a divisor of 0. Exact when the quotient has at most 34 digits.
    friend std::optional<Decimal> divide(const Decimal& left, const Decimal& right);
    friend std::optional<Decimal> power(const Decimal& base, std::int64_t exponent);

    friend std::strong_ordering operator<=>(const Decimal& left, const Decimal& right);
    friend bool operator==(const Decimal& left, const Decimal& right) { return (left <=> right) == 0; }

    static constexpr int kDigits = 34;

private:
    using Digits = unsigned __int128;
    struct Wide;
    static std::optional<Decimal> from_wide(Wide value, int scale, bool negative);

    Digits digits_ = 0;
    std::int8_t scale_ = 0;
    bool negative_ = false;
};

}  // namespace qiao::record::path
