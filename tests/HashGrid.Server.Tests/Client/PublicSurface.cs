using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace HashGrid.Server.Tests.Client;

/// <summary>The public face of an assembly as sorted lines of text, one for each type and member.</summary>
internal static class PublicSurface
{
    public static IEnumerable<string> Of(Assembly assembly, Func<Type, bool> include) =>
        assembly.GetExportedTypes().Where(include).SelectMany(Lines).Order(StringComparer.Ordinal);

    private static IEnumerable<string> Lines(Type type)
    {
        string kind = type.IsEnum ? "enum" : type.IsValueType ? "struct" : type.IsInterface ? "interface"
            : type.IsAbstract && type.IsSealed ? "static class" : type.IsSealed ? "sealed class" : "class";
        yield return $"{type.FullName}: {kind}";
        const BindingFlags Public = BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
        foreach (MemberInfo member in type.GetMembers(Public))
        {
            if (member.GetCustomAttribute<CompilerGeneratedAttribute>() is not null)
                continue;
            string? text = member switch
            {
                ConstructorInfo constructor => $"new({Parameters(constructor)})",
                MethodInfo { IsSpecialName: true } method when !method.Name.StartsWith("op_", StringComparison.Ordinal) => null,
                MethodInfo method => $"{method.Name}({Parameters(method)}) -> {Name(method.ReturnType)}",
                PropertyInfo property => $"{property.Name} {{ {Accessors(property)}}} -> {Name(property.PropertyType)}",
                FieldInfo { IsLiteral: true } field => string.Create(CultureInfo.InvariantCulture, $"const {field.Name} = {field.GetRawConstantValue()}"),
                FieldInfo { IsSpecialName: false } field => $"{field.Name} -> {Name(field.FieldType)}",
                _ => null,
            };
            if (text is not null)
                yield return $"{type.FullName}.{text}";
        }
    }

    private static string Accessors(PropertyInfo property)
    {
        string set = property.SetMethod is not { IsPublic: true } setter ? ""
            : setter.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit)) ? "init; " : "set; ";
        return (property.GetMethod is { IsPublic: true } ? "get; " : "") + set;
    }

    private static string Parameters(MethodBase method) =>
        string.Join(", ", method.GetParameters().Select(p => $"{Name(p.ParameterType)} {p.Name}{(p.HasDefaultValue ? "?" : "")}"));

    private static string Name(Type type)
    {
        if (Nullable.GetUnderlyingType(type) is { } inner)
            return Name(inner) + "?";
        if (type.IsByRef)
            return "ref " + Name(type.GetElementType()!);
        if (!type.IsGenericType)
            return type.Name;
        string arguments = string.Join(", ", type.GetGenericArguments().Select(Name));
        return $"{type.Name[..type.Name.IndexOf('`', StringComparison.Ordinal)]}<{arguments}>";
    }
}
