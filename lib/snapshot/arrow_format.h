/*
 * The numbers of Arrow's metadata that a snapshot uses: ids of fields and values of
 * enums, from Message.fbs, Schema.fbs and File.fbs of the Arrow columnar format.
 */
#ifndef SHMPUB_SNAPSHOT_ARROW_FORMAT_H
#define SHMPUB_SNAPSHOT_ARROW_FORMAT_H

/*
 * All numbers in a snapshot are little-endian, the values of columns too. A big-endian
 * machine would have to swap the bytes of every value; none is supported.
 */
#if defined(__BYTE_ORDER__)
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "snapshots are little-endian");
#endif

#define ARROW_MAGIC "ARROW1"
#define ARROW_MAGIC_SIZE 6u
#define ARROW_ALIGN 64u      /* of every buffer */
#define ARROW_SCHEMA_AT 8u   /* the magic and two zeros come first */
#define ARROW_PREFIX_SIZE 8u /* of a message: continuation mark, size */
#define ARROW_CONTINUATION 0xFFFFFFFFu
#define ARROW_TAIL_SIZE 10u /* footer size, magic */
#define ARROW_BODY_MIN 16u  /* before the footer at least: magic, end of stream */
#define ARROW_V5 4          /* MetadataVersion */

enum { MESSAGE_VERSION, MESSAGE_HEADER_TYPE, MESSAGE_HEADER, MESSAGE_BODY_LENGTH };
enum arrow_header { HEADER_SCHEMA = 1, HEADER_DICTIONARY = 2, HEADER_BATCH = 3 };

enum { SCHEMA_ENDIANNESS, SCHEMA_FIELDS, SCHEMA_METADATA };
enum {
	FIELD_NAME,
	FIELD_NULLABLE,
	FIELD_TYPE_TYPE,
	FIELD_TYPE,
	FIELD_DICTIONARY,
	FIELD_CHILDREN,
	FIELD_METADATA,
};
enum { ENCODING_ID, ENCODING_INDEX_TYPE, ENCODING_ORDERED };
enum { KEY_VALUE_KEY, KEY_VALUE_VALUE };

/* Fields of the tables of types, by enum arrow_parameters (columns/column_type.h). */
enum { INT_BIT_WIDTH, INT_IS_SIGNED };
enum { ENUM_VALUE };
enum { TIMESTAMP_UNIT, TIMESTAMP_TIMEZONE };

enum { BATCH_LENGTH, BATCH_NODES, BATCH_BUFFERS, BATCH_COMPRESSION };
enum { DICTIONARY_ID, DICTIONARY_DATA, DICTIONARY_IS_DELTA };
#define ARROW_NODE_SIZE 16u   /* FieldNode: length, null_count */
#define ARROW_BUFFER_SIZE 16u /* Buffer: offset, length */

enum {
	FOOTER_VERSION,
	FOOTER_SCHEMA,
	FOOTER_DICTIONARIES,
	FOOTER_BATCHES,
	FOOTER_METADATA,
};
#define ARROW_BLOCK_SIZE 24u /* Block: offset, metaDataLength (int32), 4 zeros, bodyLength */

#endif
