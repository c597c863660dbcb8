import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CsvFault, readCsv } from './csv.ts'

const cells = (text: string) => {
  const { header, rows } = readCsv(text)
  return [header, ...rows.map((row) => row.cells)]
}

describe('CSV', () => {
  it.each([
    ['commas', 'name,key\na,b\n'],
    ['semicolons', 'name;key\na;b\n'],
    ['tabs', 'name\tkey\na\tb\n'],
    ['CRLF', 'name,key\r\na,b\r\n'],
    ['CR alone', 'name,key\ra,b'],
    ['no line end at the end', 'name,key\na,b'],
    ['a byte order mark', '\uFEFFname,key\na,b'],
    ['everything quoted, as Odoo writes it', '"name","key"\n"a","b"\n'],
    ['empty lines', '\n\nname,key\n\na,b\n\n'],
    ['a delimiter inside quotes of the header', '"name";"key"\n"a";"b"'],
  ])('reads %s', (_, text) => {
    expect(cells(text)).toEqual([
      ['name', 'key'],
      ['a', 'b'],
    ])
  })

  it('keeps what stands in quotation marks: delimiters, doubled marks, line breaks, spaces', () => {
    expect(cells('a,b\n" x, ""y""\r\nz ",2\n')).toEqual([
      ['a', 'b'],
      [' x, "y"\r\nz ', '2'],
    ])
  })

  it('keeps empty cells, also at the end', () => {
    expect(cells('a,b,c\n,,\n"",x,')).toEqual([
      ['a', 'b', 'c'],
      ['', '', ''],
      ['', 'x', ''],
    ])
  })

  it('knows the line of each row, whatever line breaks stand in cells', () => {
    const { rows } = readCsv('a,b\n"1\n\n2",x\n\n3,y\n')
    expect(rows.map(({ line }) => line)).toEqual([2, 6])
  })

  it.each([
    ['nothing', '', 1, 'the file is empty'],
    ['too few cells', 'a,b\nx,y\nz', 3, 'has 1 cells, and the header has 2'],
    ['too many', 'a,b\nx,y,z', 2, 'has 3 cells, and the header has 2'],
    ['a mark that is not closed', 'a,b\n"x,y', 2, 'never closed'],
    ['a mark inside a bare cell', 'a,b\nx"1,y', 2, 'a quotation mark inside'],
    ['something behind a closing mark', 'a,b\n"x"1,y', 2, 'behind a closing quotation mark'],
  ])('refuses %s, by its line', (_, text, line, message) => {
    expect(() => readCsv(text)).toThrow(expect.objectContaining({ line, message: expect.stringContaining(message) }))
  })
})

const cell = fc.string({ unit: fc.constantFrom('a', 'é', '"', ',', ';', '\t', '\n', '\r', ' ', '\u0000', '😀') })

describe('CSV, whatever is sent', () => {
  it('reads back what was written, for every delimiter and line end', () => {
    const row = fc.tuple(cell, cell, cell)
    fc.assert(
      fc.property(
        fc.array(row, { minLength: 1 }),
        fc.constantFrom(',', ';', '\t'),
        fc.constantFrom('\n', '\r\n', '\r'),
        (rows, delimiter, end) => {
          const written = [['one', 'two', 'three'], ...rows]
          const text = written
            .map((line) => line.map((value) => `"${value.replaceAll('"', '""')}"`).join(delimiter))
            .join(end)
          expect(cells(text)).toEqual(written)
        },
      ),
    )
  })

  it('throws nothing but a fault with its line, and no fault repeats a cell', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(cell).map((parts) => parts.join('CANARY')),
        ),
        (text) => {
          try {
            for (const { cells: row } of readCsv(text).rows) expect(row.length).toBeGreaterThan(0)
          } catch (error) {
            expect(error).toBeInstanceOf(CsvFault)
            const { line, message } = error as CsvFault
            expect(line).toBeGreaterThanOrEqual(1)
            expect(line).toBeLessThanOrEqual(text.split(/\r\n|\r|\n/).length)
            expect(message).not.toContain('CANARY')
          }
        },
      ),
      { numRuns: 1_000 },
    )
  })
})
