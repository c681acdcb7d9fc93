using HashGrid.Server.Encoding;

namespace HashGrid.Server.Searching;

/// <summary>Where a query comes from.</summary>
/// <param name="Lane">Its place before the search gate.</param>
/// <param name="Images">The caller's places for images in flight.</param>
/// <param name="Deadline">Of the call.</param>
internal readonly record struct QueryOrigin(SearchLane Lane, ImageRoom Images, DateTimeOffset Deadline);
