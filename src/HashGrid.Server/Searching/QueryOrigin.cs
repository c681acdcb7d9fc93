using HashGrid.Server.Encoding;

namespace HashGrid.Server.Searching;

/// <summary>Where a query comes from.</summary>
/// <param name="Lane">Its lane before the search gate, in which it has taken a place.</param>
/// <param name="Images">The caller's places for images in flight.</param>
/// <param name="Deadline">Of the call.</param>
internal readonly record struct QueryOrigin(SearchLane Lane, ImageRoom Images, DateTimeOffset Deadline);
